import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { Call } from "../shared/operation.ts";
import type { KmsKey } from "./keys.ts";

/** Names the keys that a call uses in its CloudTrail record. */
export function auditKeys(call: Call, ...keys: readonly KmsKey[]): void {
  call.audit?.({ resources: keys.map(({ arn }) => ({ arn, type: "AWS::KMS::Key" })) });
}

/** @throws AwsError `KMSInvalidStateException` */
export function rejectPendingDeletion({ arn, current }: KmsKey): void {
  if (current.state === "PendingDeletion") {
    throw new AwsError("KMSInvalidStateException", `${arn} is pending deletion.`);
  }
}

/** @throws AwsError if the key is disabled, pending deletion or of another algorithm */
export function requireUsable(key: KmsKey, algorithm = "SYMMETRIC_DEFAULT"): void {
  rejectPendingDeletion(key);
  if (key.current.state === "Disabled") {
    throw new AwsError("DisabledException", `${key.arn} is disabled.`);
  }
  if (algorithm !== "SYMMETRIC_DEFAULT") {
    throw new AwsError(
      "InvalidKeyUsageException",
      `Algorithm ${algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.`,
    );
  }
}
