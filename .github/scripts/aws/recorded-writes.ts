import { setTimeout as wait } from "node:timers/promises";
import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { z } from "zod";
import { clientOptions } from "./client-options.ts";

/** A call that changed a resource, as CloudTrail recorded it. */
export interface RecordedWrite {
  /** Such as `PutRetentionPolicy`. */
  readonly event: string;
  /** ARN of the caller, or another name if the record has none. */
  readonly caller: string;
  /** ISO 8601. */
  readonly time: string;
  /** Id of the CloudTrail record. */
  readonly id: string;
}

/** AWS allows two requests per second and account. */
const PAUSE_MILLISECONDS = 550;

const cloudTrailEvent = z.object({
  eventTime: z.string(),
  errorCode: z.string().optional(),
  userIdentity: z
    .object({
      arn: z.string().optional(),
      invokedBy: z.string().optional(),
      principalId: z.string().optional(),
    })
    .optional(),
});

/**
 * Finds the latest successful calls that changed a resource.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 * @param names what CloudTrail may call the resource, such as its ARN and its name
 * @param limit most calls to return
 * @param pause milliseconds before each request
 * @returns the latest call first; empty if CloudTrail has no record that names the resource
 * @throws CloudTrailServiceException if CloudTrail cannot be asked
 */
export async function recordedWrites(
  names: readonly string[],
  limit: number,
  pause: number = PAUSE_MILLISECONDS,
): Promise<RecordedWrite[]> {
  const cloudTrail = new CloudTrailClient(clientOptions());
  const found = new Map<string, RecordedWrite>();
  for (const name of names) {
    await wait(pause);
    const { Events = [] } = await cloudTrail.send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: name }],
        MaxResults: 50,
      }),
    );
    for (const { EventId: id = "", EventName: event = "", ...record } of Events) {
      const {
        eventTime: time,
        errorCode,
        userIdentity,
      } = cloudTrailEvent.parse(JSON.parse(record.CloudTrailEvent ?? ""));
      if (record.ReadOnly === "true" || errorCode !== undefined) continue;
      const { arn, invokedBy, principalId } = userIdentity ?? {};
      const caller = arn ?? invokedBy ?? principalId ?? record.Username ?? "unknown";
      found.set(id, { event, caller, time, id });
    }
  }
  return [...found.values()].sort((a, b) => (a.time < b.time ? 1 : -1)).slice(0, limit);
}
