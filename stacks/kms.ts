import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { keyAlias, serviceRoleName } from "../common/naming.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { EncryptionKey, THIS_KEY } from "./constructs/encryption-key.ts";
import { accountPrincipals, type Condition, type Statement } from "./constructs/policy.ts";

/** The key under which the service seals its records. */
export class KmsStack extends CipherwatchStack {
  /** Of the data key. */
  readonly keyArn: string;

  constructor(scope: Construct, id: string, props: CipherwatchStackProps) {
    super(scope, id, props);
    const { env } = this.settings;
    const key = new EncryptionKey(this, "DataKey", {
      alias: keyAlias(env),
      description: `Seals the records of cipherwatch ${env}`,
      grants: grantEncryptDecrypt(this, serviceRoleName(env)),
    });
    this.keyArn = key.keyArn;
    new TerraformOutput(this, "KeyArn", { value: key.keyArn });
  }
}

/** Every record's encryption context holds this, and KMS refuses the service any other use. */
const OF_THIS_APP: Condition = ["StringEquals", "kms:EncryptionContext:app", "cipherwatch"];

/**
 * The key policy's half of letting a role seal and open records; the role needs the other half,
 * `encryptDecryptPermissions`, in its own policy.
 *
 * The role is named by a condition and not as a principal: KMS refuses a policy whose principal does
 * not exist yet, and turns a principal that is deleted and made anew into one that matches nobody.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
 */
export function grantEncryptDecrypt(stack: CipherwatchStack, roleName: string): Statement[] {
  const role: Condition = [
    "ArnEquals",
    "aws:PrincipalArn",
    stack.globalArn("iam", `role/${roleName}`),
  ];
  return encryptDecryptPermissions(THIS_KEY).map((statement) => ({
    ...statement,
    principals: accountPrincipals(stack),
    conditions: [role, ...(statement.conditions ?? [])],
  }));
}

/** The role's half of letting it seal and open records with the keys of these ARNs. */
export function encryptDecryptPermissions(keyArns: readonly string[]): Statement[] {
  return [
    {
      sid: "SealAndOpenRecords",
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: keyArns,
      conditions: [OF_THIS_APP],
    },
    { sid: "DescribeDataKey", actions: ["kms:DescribeKey"], resources: keyArns }, // takes no context
  ];
}
