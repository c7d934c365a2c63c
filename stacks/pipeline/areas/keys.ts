import { keyAlias } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow, type Condition, viaService } from "../../constructs/policy.ts";
import { type Area, hasTags, onAllResources, setsTags, UNTAGGED } from "./area.ts";

/**
 * The AWS managed keys of a database and its master secret. Their policies admit their use through RDS and Secrets
 * Manager, but RDS needs the permission of whoever creates the database to find them.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
 */
const KEYS_OF_RDS: Condition = [
  "ForAnyValue:StringEquals",
  "kms:ResourceAliases",
  "alias/aws/rds",
  "alias/aws/secretsmanager",
];

/** Managing the KMS keys. The policy of the service's key does not allow the pipeline to use it. */
export function keys(stack: CipherwatchStack): Area {
  const { env, customerManagedKeys } = stack.settings;
  const resources = [stack.regionalArn("kms", "key/*")];
  const aliases = [keyAlias(env), keyAlias(env, "*")].map((name) => stack.regionalArn("kms", name));
  const existing = Object.values(stack.settings.existingKeys);
  const ours: readonly Condition[] = [
    ...hasTags(stack),
    ["StringNotEquals", "aws:ResourceTag/Stack", "bootstrap"], // its keys have the same other tags
  ];
  return {
    read: [
      allow(
        "ReadKeys",
        resources,
        ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"],
        ...ours,
      ),
      ...(existing.length > 0 ? [allow("ReadExistingKeys", existing, ["kms:DescribeKey"])] : []),
      ...(customerManagedKeys === "all"
        ? []
        : [allow("ReadKeysOfRds", resources, ["kms:DescribeKey"], KEYS_OF_RDS)]),
      onAllResources(stack, "ListAliases", ["kms:ListAliases"]),
    ],
    write: [
      onAllResources(stack, "CreateKeys", ["kms:CreateKey"], ...setsTags(stack)),
      allow("TagCreatedKeys", resources, ["kms:TagResource"], ...setsTags(stack), UNTAGGED),
      allow(
        "ManageKeys",
        resources,
        [
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:EnableKeyRotation",
          "kms:PutKeyPolicy",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
        ],
        ...ours,
      ),
      allow("ManageAliases", aliases, ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]),
      // ECR, RDS and Secrets Manager use the key with the permissions of whoever creates the resource.
      allow(
        "LetServicesUseKeys",
        resources,
        ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey", "kms:RetireGrant"],
        ...ours,
        viaService(stack, "ecr", "rds", "secretsmanager"),
      ),
    ],
  };
}
