import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import type { TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface EncryptedLogGroupProps {
  readonly name: string;
  /** A KMS key whose policy includes `grantLogGroups` for this name. AWS checks it on creation. */
  readonly keyArn: string;
  /** Default: the retention of the settings. */
  readonly retentionInDays?: number;
  /** Protection from deletion. None by default. */
  readonly lifecycle?: TerraformResourceLifecycle;
}

/** Adds a log group that is encrypted with a customer managed key. */
export function encryptedLogGroup(
  scope: Construct,
  id: string,
  { name, keyArn, retentionInDays, ...protection }: EncryptedLogGroupProps,
): CloudwatchLogGroup {
  return new CloudwatchLogGroup(scope, id, {
    name,
    kmsKeyId: keyArn,
    retentionInDays: retentionInDays ?? CipherwatchStack.of(scope).settings.logRetentionDays,
    ...protection,
  });
}
