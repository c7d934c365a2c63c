import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import type { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface EncryptedLogGroupProps {
  readonly name: string;
  /** A KMS key whose policy includes `grantLogGroups` for this name. AWS checks it on creation. */
  readonly keyArn: string;
}

/** Adds a log group that is encrypted with a customer managed key. The settings set its retention. */
export function encryptedLogGroup(
  scope: Construct,
  id: string,
  { name, keyArn }: EncryptedLogGroupProps,
): CloudwatchLogGroup {
  return new CloudwatchLogGroup(scope, id, {
    name,
    kmsKeyId: keyArn,
    retentionInDays: CipherwatchStack.of(scope).settings.logRetentionDays,
  });
}
