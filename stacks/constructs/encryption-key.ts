import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias/index.js";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key/index.js";
import { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { accountPrincipals, policyJson, type Statement, servicePrincipal } from "./policy.ts";

export interface EncryptionKeyProps {
  /** `alias/…` */
  readonly alias: string;
  readonly description: string;
  /** Who may use the key, and for what. Without one, nobody can encrypt or decrypt with it. */
  readonly grants: readonly Statement[];
}

/**
 * A symmetric KMS key that rotates, with an alias and a policy that names its users.
 *
 * The account's administrators can manage it, not use it: unlike the policy that AWS gives a key by
 * default, this one has no `kms:*` for the account, with which an IAM policy alone could decrypt. An
 * administrator can still change the key's policy, which keeps the key manageable and leaves a trace
 * in the trail that a silent Decrypt would not.
 */
export class EncryptionKey extends Construct {
  readonly keyArn: string;

  constructor(scope: Construct, id: string, { alias, description, grants }: EncryptionKeyProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { keyRotationDays, keyDeletionDays } = stack.settings;
    const key = new KmsKey(this, "Resource", {
      description,
      enableKeyRotation: true,
      rotationPeriodInDays: keyRotationDays,
      deletionWindowInDays: keyDeletionDays,
      policy: policyJson(this, "Policy", [grantAdministration(stack), ...grants]),
      ...stack.protection,
    });
    new KmsAlias(this, "Alias", { name: alias, targetKeyId: key.keyId });
    this.keyArn = key.arn;
  }
}

/**
 * The actions with which AWS's own key policy lets administrators manage a key, one by one, without
 * CreateGrant: a grant would let its maker decrypt.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
 */
const ADMINISTRATION = [
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

/** In a key's policy the resource "*" is the key itself. */
export const THIS_KEY = ["*"];

function grantAdministration(stack: CipherwatchStack): Statement {
  return {
    sid: "AccountAdministersKey",
    principals: accountPrincipals(stack),
    actions: ADMINISTRATION,
    resources: THIS_KEY,
  };
}

/**
 * Lets CloudWatch Logs keep the named log groups of this account and region under the key.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function grantLogGroups(
  stack: CipherwatchStack,
  ...logGroupNames: readonly [string, ...string[]]
): Statement {
  const [first, ...others] = logGroupNames.map((name) =>
    stack.regionalArn("logs", `log-group:${name}`),
  ) as [string, ...string[]];
  return {
    sid: "LogGroupsUseKey",
    principals: servicePrincipal(`logs.${stack.settings.region}.amazonaws.com`),
    actions: [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ],
    resources: THIS_KEY,
    conditions: [["ArnEquals", "kms:EncryptionContext:aws:logs:arn", first, ...others]],
  };
}
