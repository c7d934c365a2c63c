import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { dataKeyAlias, rewrapRoleName, serviceRoleName } from "../common/naming.ts";
import { existingKeyOf } from "../settings/existing-keys.ts";
import { currentGenerationOf } from "../settings/keys-and-logs.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import {
  EncryptionKey,
  grantReplication,
  type KeyRegions,
  THIS_KEY,
} from "./constructs/encryption-key.ts";
import { ExistingKey } from "./constructs/existing-key.ts";
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

/** The KMS key that the service encrypts its records with, and previous ones that older records need. */
export class KmsStack extends CipherwatchStack {
  /** ARN of the KMS key that encrypts records. */
  readonly keyArn: string;
  /** ARNs of the KMS keys that only decrypt. The rewrap worker moves records away from them. */
  readonly previousKeyArns: readonly string[];

  constructor(scope: Construct, id: string, props: KmsStackProps) {
    super(scope, id, props);
    const { env, vpcEndpoints, keyGenerations, replicaRegion } = this.settings;
    const current = currentGenerationOf(this.settings);
    const conditions: readonly Condition[] = vpcEndpoints
      ? [["StringEquals", "aws:SourceVpc", props.vpcId]]
      : [];
    const isReplaceable = keyGenerations.length > 1;
    const replication = replicaRegion === undefined ? [] : [grantReplication(this, replicaRegion)];
    const keys = keyGenerations.map((generation, index) => {
      const isCurrent = generation === current;
      const service = isCurrent
        ? encryptDecryptPermissions(THIS_KEY)
        : decryptPermissions(THIS_KEY);
      const rewrap = isCurrent ? rewrapToPermissions(THIS_KEY) : rewrapFromPermissions(THIS_KEY);
      const grants = [
        ...grantToRole(this, serviceRoleName(env), service, conditions),
        ...(isReplaceable ? grantToRole(this, rewrapRoleName(env), rewrap, conditions) : []),
      ];
      const number = generation === 1 ? "" : String(generation);
      const existing = existingKeyOf(this.settings, generation);
      const { keyArn } =
        existing === undefined
          ? new EncryptionKey(this, `DataKey${number}`, {
              alias: dataKeyAlias(env, generation),
              description: `Encrypts the records of cipherwatch ${env}`,
              grants: [...grants, ...replication],
              regions: this.#regionsOf(index),
            })
          : new ExistingKey(this, `ExistingKey${number}`, {
              keyArn: existing,
              grants,
              outputName: `KeyPolicyStatements${number}`,
            });
      return { keyArn, isCurrent };
    });
    const arnsOf = (role: boolean) =>
      keys.flatMap(({ keyArn, isCurrent }) => (isCurrent === role ? [keyArn] : []));
    [this.keyArn = ""] = arnsOf(true);
    this.previousKeyArns = arnsOf(false);
    new TerraformOutput(this, "KeyArn", { value: this.keyArn });
  }

  /** @param index position of the generation in the settings. Older generations stay as they were created. */
  #regionsOf(index: number): KeyRegions | undefined {
    const { keyGenerations, primaryKeyArns, replicaRegion } = this.settings;
    const primaryKeyArn = primaryKeyArns[index];
    if (primaryKeyArn !== undefined) return { kind: "replica", primaryKeyArn };
    const isNewest = index === keyGenerations.length - 1;
    return replicaRegion !== undefined && isNewest ? { kind: "primary" } : undefined;
  }
}

/** Part of every record's encryption context. KMS denies the service any use without it. */
const RECORD_CONTEXT: Condition = ["StringEquals", "kms:EncryptionContext:app", "cipherwatch"];

/** The encryption context of records that can be moved to another KMS key. */
const RECORD_FORMAT_2: Condition = ["StringEquals", "kms:EncryptionContext:format", "2"];

/**
 * Key policy statements that let a role use a key. The role also needs the permissions in its own policy.
 *
 * A condition identifies the role, not a principal: KMS rejects a policy whose principal does not exist
 * yet, and a role that is deleted and created again no longer matches the principal.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
 *
 * @param conditions further conditions, such as `aws:SourceVpc`: stolen credentials are useless elsewhere
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcevpc
 */
function grantToRole(
  stack: CipherwatchStack,
  roleName: string,
  permissions: readonly Statement[],
  conditions: readonly Condition[],
): Statement[] {
  return permissions.map((statement) => ({
    ...statement,
    principals: accountPrincipals(stack),
    conditions: [calledByRole(stack, roleName), ...conditions, ...(statement.conditions ?? [])],
  }));
}

/**
 * IAM policy statements that let a role encrypt and decrypt records with the current KMS key.
 * @param previousKeyArns keys that it may only decrypt with
 */
export function encryptDecryptPermissions(
  keyArns: readonly string[],
  previousKeyArns: readonly string[] = [],
): Statement[] {
  return [
    allow("SealAndOpenRecords", keyArns, ["kms:Decrypt", "kms:GenerateDataKey"], RECORD_CONTEXT),
    allow("DescribeDataKey", keyArns, ["kms:DescribeKey"]), // has no encryption context
    ...(previousKeyArns.length > 0 ? decryptPermissions(previousKeyArns) : []),
  ];
}

/** IAM policy statements that let a role decrypt records with previous KMS keys, but encrypt none. */
function decryptPermissions(keyArns: readonly string[]): Statement[] {
  return [allow("OpenOlderRecords", keyArns, ["kms:Decrypt"], RECORD_CONTEXT)];
}

/**
 * IAM policy statements that let a role move records from previous KMS keys, which needs
 * `rewrapToPermissions` as well. KMS returns no plaintext.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
 */
export function rewrapFromPermissions(keyArns: readonly string[]): Statement[] {
  return [
    allow("MoveRecordsFrom", keyArns, ["kms:ReEncryptFrom"], RECORD_CONTEXT, RECORD_FORMAT_2),
  ];
}

/** IAM policy statements that let a role move records to the current KMS key. */
export function rewrapToPermissions(keyArns: readonly string[]): Statement[] {
  return [allow("MoveRecordsTo", keyArns, ["kms:ReEncryptTo"], RECORD_CONTEXT, RECORD_FORMAT_2)];
}
