import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { integer, list, readInput, text, time } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import type { TrailEvent } from "./record.ts";

const DAYS_OF_HISTORY = 90;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const MAX_RESULTS = 50;

const LookupEvents = z.object({
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
 * Implements LookupEvents over the events that CloudTrail has delivered.
 * @param delivered oldest first
 * @param now the lab time, in epoch milliseconds
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export function lookupEvents(
  input: unknown,
  { delivered, now }: { readonly delivered: readonly TrailEvent[]; readonly now: number },
): AwsStructure {
  const { attribute, start, end, limit, token, category } = readLookup(input, now);
  const isMatch = (event: TrailEvent) => {
    const time = Date.parse(event.eventTime);
    return (
      time >= start && time <= end && (attribute === undefined || hasAttribute(event, attribute))
    );
  };
  // The lab has no Insights events. Sort by time, because the clock may have been set back on a restart.
  const events =
    category === "insight"
      ? []
      : delivered
          .filter(isMatch)
          .reverse()
          .sort((a, b) => Date.parse(b.eventTime) - Date.parse(a.eventTime));
  const { items, nextToken } = page(events, {
    limit,
    token,
    keyOf: ({ eventID }) => eventID,
    invalidToken: new AwsError(
      "InvalidNextTokenException",
      "NextToken must come from a lookup with the same parameters.",
    ),
  });
  return { Events: items.map(describeEvent), NextToken: nextToken };
}

function readLookup(input: unknown, now: number) {
  const request = readInput(LookupEvents, input, "InvalidLookupAttributesException");
  const {
    LookupAttributes: attributes = [],
    MaxResults: limit = MAX_RESULTS,
    StartTime: start = now - DAYS_OF_HISTORY * DAY_MILLISECONDS,
    EndTime: end = now,
    EventCategory: category,
    NextToken: token,
  } = request;
  if (attributes.length > 1) {
    throw new AwsError(
      "InvalidLookupAttributesException",
      `LookupAttributes must have at most 1 attribute, not ${attributes.length}.`,
    );
  }
  if (limit < 1 || limit > MAX_RESULTS) {
    throw new AwsError(
      "InvalidMaxResultsException",
      `MaxResults must be from 1 to ${MAX_RESULTS}, not ${limit}.`,
    );
  }
  if (start > end) {
    throw new AwsError(
      "InvalidTimeRangeException",
      `StartTime ${new Date(start).toISOString()} must not be after EndTime ${new Date(end).toISOString()}.`,
    );
  }
  if (category !== undefined && category !== "insight") {
    throw new AwsError(
      "InvalidEventCategoryException",
      `EventCategory must be insight, not ${category}.`,
    );
  }
  return { attribute: attributes[0], start, end, limit, token, category };
}

function hasAttribute(
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
    // For a role session, this is the session name. An event of the service itself has none.
    Username: userName ?? (principalId && String(principalId).split(":").at(-1)),
  };
}

function describeEvent(event: TrailEvent): AwsStructure {
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
