import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias/index.js";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key/index.js";
import { KmsReplicaKey } from "@cdktf/provider-aws/lib/kms-replica-key/index.js";
import type { TerraformResourceLifecycle } from "cdktf";
import { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import {
  accountPrincipals,
  ENCRYPT,
  policyJson,
  type Statement,
  servicePrincipal,
  viaService,
} from "./policy.ts";

export interface EncryptionKeyProps {
  /** Starts with `alias/`. */
  readonly alias: string;
  readonly description: string;
  /** Statements for the users of the key. Without any, nobody can encrypt or decrypt with it. */
  readonly grants: readonly Statement[];
  /** Default: a key of this Region only. */
  readonly regions?: KeyRegions | undefined;
}

/**
 * `primary`: a multi-Region key, which can be replicated. `replica`: a replica of the primary key with this ARN,
 * in another Region of the account. Both decrypt each other's ciphertexts, but have their own policy and alias.
 * https://docs.aws.amazon.com/kms/latest/developerguide/mrk-how-it-works.html
 */
export type KeyRegions =
  | { readonly kind: "primary" }
  | { readonly kind: "replica"; readonly primaryKeyArn: string };

/**
 * A symmetric KMS key with automatic rotation, an alias and a policy that lists its users.
 *
 * Administrators of the account can manage the key but not use it: unlike the default key policy, this one
 * does not allow `kms:*` to the account, which would let any broad IAM policy decrypt. Administrators can
 * still change the key policy. That keeps the key manageable and, unlike a Decrypt, stands out in the
 * trail. See docs/decisions/0002-administrators-do-not-decrypt.md.
 */
export class EncryptionKey extends Construct {
  readonly keyArn: string;

  constructor(scope: Construct, id: string, props: EncryptionKeyProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { keyRotationDays, keyDeletionDays } = stack.settings;
    const { alias, description, grants, regions } = props;
    const common = {
      description,
      deletionWindowInDays: keyDeletionDays,
      policy: policyJson(this, "Policy", [grantAdministration(stack), ...grants]),
      ...stack.protection,
    };
    const key =
      regions?.kind === "replica"
        ? // Rotates with its primary key.
          new KmsReplicaKey(this, "Resource", { ...common, primaryKeyArn: regions.primaryKeyArn })
        : new KmsKey(this, "Resource", {
            ...common,
            enableKeyRotation: true,
            rotationPeriodInDays: keyRotationDays,
            ...(regions?.kind === "primary" && {
              multiRegion: true,
              lifecycle: { ...stack.protection.lifecycle, ...keepExistingKey(alias) },
            }),
          });
    new KmsAlias(this, "Alias", { name: alias, targetKeyId: key.keyId });
    this.keyArn = key.arn;
  }
}

/**
 * Adds the key of data other than the records.
 * @returns its ARN; undefined if the settings leave the data to AWS owned and AWS managed keys
 */
export function supportingKey(
  scope: Construct,
  id: string,
  props: EncryptionKeyProps,
): string | undefined {
  const { customerManagedKeys } = CipherwatchStack.of(scope).settings;
  return customerManagedKeys === "all" ? new EncryptionKey(scope, id, props).keyArn : undefined;
}

/**
 * Fails the plan if the key exists as a single-Region key. KMS cannot convert it, so Terraform would replace it,
 * and everything that it encrypted would be lost.
 */
function keepExistingKey(alias: string): TerraformResourceLifecycle {
  return {
    ignoreChanges: ["multi_region"],
    postcondition: [
      {
        condition: "${self.multi_region}",
        errorMessage: `${alias} exists and is a single-Region key. KMS cannot make it a multi-Region key. Append a number to CIPHERWATCH_KEY_GENERATIONS to create a multi-Region key, and move the records to it (docs/keys.md), or unset CIPHERWATCH_REPLICA_REGION.`,
      },
    ],
  };
}

/**
 * The management actions of the default key policy, except CreateGrant: a grant would let its creator
 * decrypt.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
 */
const ADMINISTER_KEY = [
  "kms:CancelKeyDeletion",
  "kms:CreateAlias",
  "kms:DeleteAlias",
  "kms:DescribeKey",
  "kms:DisableKey",
  "kms:DisableKeyRotation",
  "kms:EnableKey",
  "kms:EnableKeyRotation",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListKeyRotations",
  "kms:ListResourceTags",
  "kms:PutKeyPolicy",
  "kms:RevokeGrant",
  "kms:RotateKeyOnDemand",
  "kms:ScheduleKeyDeletion",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:UpdateAlias",
  "kms:UpdateKeyDescription",
];

/**
 * Lets the account replicate a multi-Region key to one Region. Like the other management actions, it does not
 * allow decryption: the replica gets the policy that its creator sets, and appears in the trail.
 * https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-auth.html
 */
export function grantReplication(stack: CipherwatchStack, region: string): Statement {
  return {
    sid: "AccountReplicatesKey",
    principals: accountPrincipals(stack),
    actions: ["kms:ReplicateKey"],
    resources: THIS_KEY,
    conditions: [["StringEquals", "kms:ReplicaRegion", region]],
  };
}

/** The resource of statements in a key policy: there, `*` means the key itself. */
export const THIS_KEY = ["*"];

function grantAdministration(stack: CipherwatchStack): Statement {
  return {
    sid: "AccountAdministersKey",
    principals: accountPrincipals(stack),
    actions: ADMINISTER_KEY,
    resources: THIS_KEY,
  };
}

/**
 * Lets CloudWatch Logs encrypt the named log groups of this account and region with the key.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function grantLogGroups(
  stack: CipherwatchStack,
  ...logGroupNames: readonly string[]
): Statement {
  const logGroupArns = logGroupNames.map((name) => stack.regionalArn("logs", `log-group:${name}`));
  return {
    sid: "LogGroupsUseKey",
    principals: servicePrincipal(`logs.${stack.settings.region}.amazonaws.com`),
    actions: ["kms:Decrypt", "kms:DescribeKey", ...ENCRYPT],
    resources: THIS_KEY,
    conditions: [["ArnEquals", "kms:EncryptionContext:aws:logs:arn", ...logGroupArns]],
  };
}

/**
 * Lets principals who may use AWS services use a key through them. The creator of the instance uses the
 * key that way, and the instance itself does with the grants that the service creates.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
 */
export function grantThrough(
  stack: CipherwatchStack,
  sidSuffix: string,
  ...services: readonly string[]
): Statement[] {
  const through = viaService(stack, ...services);
  const common = { principals: accountPrincipals(stack), resources: THIS_KEY };
  return [
    {
      sid: `UseThrough${sidSuffix}`,
      ...common,
      actions: ["kms:Decrypt", ...ENCRYPT],
      conditions: [through],
    },
    {
      sid: `GrantThrough${sidSuffix}`,
      ...common,
      actions: ["kms:CreateGrant"],
      conditions: [through, ["Bool", "kms:GrantIsForAWSResource", "true"]],
    },
  ];
}
