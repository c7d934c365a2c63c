import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import type { TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { keepCustomerKey } from "./fixed-keys.ts";

export interface EncryptedLogGroupProps {
  readonly name: string;
  /**
   * A KMS key whose policy includes `grantLogGroups` for this name. AWS checks it on creation. Undefined for the
   * key that CloudWatch Logs owns.
   */
  readonly keyArn: string | undefined;
  /** Default: the retention of the settings. */
  readonly retentionInDays?: number;
  /** Protection from deletion. None by default. */
  readonly lifecycle?: TerraformResourceLifecycle | undefined;
}

/** Adds a log group that is encrypted with a customer managed key, or with the one of CloudWatch Logs. */
export function encryptedLogGroup(
  scope: Construct,
  id: string,
  { name, keyArn, retentionInDays, lifecycle }: EncryptedLogGroupProps,
): CloudwatchLogGroup {
  const stack = CipherwatchStack.of(scope);
  return new CloudwatchLogGroup(scope, id, {
    name,
    ...(keyArn !== undefined && { kmsKeyId: keyArn }),
    retentionInDays: retentionInDays ?? stack.settings.logRetentionDays,
    ...(lifecycle !== undefined && { lifecycle }),
    ...keepCustomerKey(
      stack,
      "kms_key_id",
      'self.kms_key_id == null || self.kms_key_id == ""',
      lifecycle,
    ),
  });
}
