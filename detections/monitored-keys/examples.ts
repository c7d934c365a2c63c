import type { CloudTrailRecord } from "../detection.ts";
import { onKey, roleSession } from "../example-events.ts";
import { EXAMPLE_KEY } from "./monitored-key.ts";

export const use = { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true };

/** Fields that identify the example key in a record, if KMS resolved the key. */
export const onExampleKey: CloudTrailRecord = onKey(EXAMPLE_KEY.arn);

/** The application, which is expected to use the key. */
export const expectedRole = roleSession("payments-api", "i-0a1b2c3d4e5f60718");

/** A role of the same account that is not expected to use the key. */
export const unexpectedRole = roleSession("reporting", "nightly");

/** The fields of a record of a call that a policy denied: it contains the key's ARN only in the message. */
export const deniedOnExampleKey: CloudTrailRecord = {
  errorCode: "AccessDenied",
  errorMessage: `User: arn:aws:sts::111122223333:assumed-role/reporting/nightly is not authorized to perform: kms:Decrypt on resource: ${EXAMPLE_KEY.arn} because no identity-based policy allows the kms:Decrypt action`,
};
