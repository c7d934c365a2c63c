import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { keyAlias, serviceRoleName } from "../common/naming.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { EncryptionKey, THIS_KEY } from "./constructs/encryption-key.ts";
import {
  accountPrincipals,
  allow,
  type Condition,
  calledByRole,
  type Statement,
} from "./constructs/policy.ts";

export interface KmsStackProps extends CipherwatchStackProps {
  /** With VPC endpoints, the key can be used from this VPC only. */
  readonly vpcId: string;
}

/** The KMS key that the service encrypts its records with. */
export class KmsStack extends CipherwatchStack {
  /** ARN of the data key. */
  readonly keyArn: string;

  constructor(scope: Construct, id: string, props: KmsStackProps) {
    super(scope, id, props);
    const { env, vpcEndpoints } = this.settings;
    const conditions: readonly Condition[] = vpcEndpoints
      ? [["StringEquals", "aws:SourceVpc", props.vpcId]]
      : [];
    const key = new EncryptionKey(this, "DataKey", {
      alias: keyAlias(env),
      description: `Encrypts the records of cipherwatch ${env}`,
      grants: grantEncryptDecrypt(this, serviceRoleName(env), conditions),
    });
    this.keyArn = key.keyArn;
    new TerraformOutput(this, "KeyArn", { value: key.keyArn });
  }
}

/** Part of every record's encryption context. KMS denies the service any use without it. */
const RECORD_CONTEXT: Condition = ["StringEquals", "kms:EncryptionContext:app", "cipherwatch"];

/**
 * Key policy statements that let a role encrypt and decrypt records. The role also needs
 * `encryptDecryptPermissions` in its own policy.
 *
 * A condition identifies the role, not a principal: KMS rejects a policy whose principal does not exist
 * yet, and a role that is deleted and created again no longer matches the principal.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
 *
 * @param conditions further conditions, such as `aws:SourceVpc`: stolen credentials are useless elsewhere
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcevpc
 */
export function grantEncryptDecrypt(
  stack: CipherwatchStack,
  roleName: string,
  conditions: readonly Condition[] = [],
): Statement[] {
  return encryptDecryptPermissions(THIS_KEY).map((statement) => ({
    ...statement,
    principals: accountPrincipals(stack),
    conditions: [calledByRole(stack, roleName), ...conditions, ...(statement.conditions ?? [])],
  }));
}

/** IAM policy statements that let a role encrypt and decrypt records with the data key. */
export function encryptDecryptPermissions(keyArns: readonly string[]): Statement[] {
  return [
    allow("SealAndOpenRecords", keyArns, ["kms:Decrypt", "kms:GenerateDataKey"], RECORD_CONTEXT),
    allow("DescribeDataKey", keyArns, ["kms:DescribeKey"]), // has no encryption context
  ];
}
