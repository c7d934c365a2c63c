import type { CloudTrailRecord } from "../detection.ts";
import { managementEvent, user } from "../example-events.ts";

/** What is done, the detection that reports it, and the record. */
export type AttackStep = readonly [step: string, detection: string, record: CloudTrailRecord];

/** A write call by a user of the account who has the permissions, but no business with the service. */
export function call(
  eventSource: string,
  eventName: string,
  requestParameters: CloudTrailRecord,
  rest: CloudTrailRecord = {},
): CloudTrailRecord {
  return managementEvent(user, {
    eventSource: `${eventSource}.amazonaws.com`,
    eventName,
    readOnly: false,
    requestParameters,
    ...rest,
  });
}
