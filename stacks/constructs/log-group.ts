import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import type { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface EncryptedLogGroupProps {
  readonly name: string;
  /** A key whose policy holds `grantLogGroups` for this name: AWS checks it on creation. */
  readonly keyArn: string;
}

/** A log group under a customer's key, kept for as long as the settings say. */
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
