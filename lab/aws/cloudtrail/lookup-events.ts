import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { integer, list, readInput, text, time } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import type { TrailEvent } from "./record.ts";

const DAYS_OF_HISTORY = 90;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const MAX_RESULTS = 50;

const REQUEST = z.object({
  LookupAttributes: list(
    z.object({
      AttributeKey: z.enum([
        "AccessKeyId",
        "EventId",
        "EventName",
        "EventSource",
        "ReadOnly",
        "ResourceName",
        "ResourceType",
        "Username",
      ]),
      AttributeValue: text({ min: 1, max: 2000 }),
    }),
  ).optional(),
  StartTime: time().optional(),
  EndTime: time().optional(),
  EventCategory: text().optional(),
  MaxResults: integer().optional(),
  NextToken: text().optional(),
});

/**
 * LookupEvents over the events that CloudTrail has delivered.
 * @param delivered oldest first
 * @param now lab time, milliseconds since the epoch
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export function lookupEvents(
  input: unknown,
  { delivered, now }: { readonly delivered: readonly TrailEvent[]; readonly now: number },
): AwsStructure {
  const request = readInput(REQUEST, input, "InvalidLookupAttributesException");
  const { LookupAttributes: attributes = [], MaxResults: limit = MAX_RESULTS } = request;
  const { StartTime: start = now - DAYS_OF_HISTORY * DAY_MILLISECONDS, EndTime: end = now } =
    request;
  if (attributes.length > 1) {
    throw new AwsError(
      "InvalidLookupAttributesException",
      `LookupAttributes can have one attribute, not ${attributes.length}.`,
    );
  }
  if (limit < 1 || limit > MAX_RESULTS) {
    throw new AwsError(
      "InvalidMaxResultsException",
      `MaxResults is ${limit}; it can be 1 to ${MAX_RESULTS}.`,
    );
  }
  if (start > end) {
    throw new AwsError(
      "InvalidTimeRangeException",
      `StartTime ${new Date(start).toISOString()} is after EndTime ${new Date(end).toISOString()}.`,
    );
  }
  if (request.EventCategory !== undefined && request.EventCategory !== "insight") {
    throw new AwsError(
      "InvalidEventCategoryException",
      `EventCategory is ${request.EventCategory}; it can be insight.`,
    );
  }
  const [attribute] = attributes;
  const found =
    // The lab has no Insights events.
    request.EventCategory === "insight"
      ? []
      : delivered
          .filter((event) => {
            const at = Date.parse(event.eventTime);
            return at >= start && at <= end && (attribute === undefined || has(event, attribute));
          })
          .reverse()
          // A lab that was started anew may have set its clock back.
          .sort((a, b) => Date.parse(b.eventTime) - Date.parse(a.eventTime));
  const { items, nextToken } = page(found, {
    limit,
    token: request.NextToken,
    keyOf: ({ eventID }) => eventID,
    invalidToken: new AwsError(
      "InvalidNextTokenException",
      "NextToken is not of a lookup with these parameters.",
    ),
  });
  return { Events: items.map(summary), NextToken: nextToken };
}

function has(
  event: TrailEvent,
  { AttributeKey: key, AttributeValue: value }: { AttributeKey: string; AttributeValue: string },
): boolean {
  const resources = event.resources ?? [];
  if (key === "ResourceName") return resources.some(({ ARN }) => ARN === value);
  if (key === "ResourceType") return resources.some(({ type }) => type === value);
  return attributesOf(event)[key] === value;
}

function attributesOf(event: TrailEvent): AwsStructure {
  const { accessKeyId, userName, principalId } = event.userIdentity;
  return {
    EventId: event.eventID,
    EventName: event.eventName,
    ReadOnly: String(event.readOnly),
    AccessKeyId: accessKeyId,
    EventSource: event.eventSource,
    // Of a role, CloudTrail shows the session's name.
    Username: userName ?? String(principalId).split(":").at(-1),
  };
}

function summary(event: TrailEvent): AwsStructure {
  return {
    ...attributesOf(event),
    EventTime: new Date(event.eventTime),
    Resources: (event.resources ?? []).map(({ type, ARN }) => ({
      ResourceType: type,
      ResourceName: ARN,
    })),
    CloudTrailEvent: JSON.stringify(event),
  };
}
