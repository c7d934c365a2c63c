import { keyAlias } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { type Condition, viaService } from "../../constructs/policy.ts";
import { type Area, hasTags, onAllResources, setsTags, UNTAGGED } from "./area.ts";

/** Managing the KMS keys. The policy of the data key does not allow the pipeline to use it. */
export function keys(stack: CipherwatchStack): Area {
  const { env } = stack.settings;
  const resources = [stack.regionalArn("kms", "key/*")];
  const aliases = [keyAlias(env), keyAlias(env, "*")].map((name) => stack.regionalArn("kms", name));
  const ours: readonly Condition[] = [
    ...hasTags(stack),
    ["StringNotEquals", "aws:ResourceTag/Stack", "bootstrap"], // its keys have the same other tags
  ];
  return {
    read: [
      {
        sid: "ReadKeys",
        actions: [
          "kms:DescribeKey",
          "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus",
          "kms:ListResourceTags",
        ],
        resources,
        conditions: ours,
      },
      onAllResources(stack, "ListAliases", ["kms:ListAliases"]),
    ],
    write: [
      onAllResources(stack, "CreateKeys", ["kms:CreateKey"], ...setsTags(stack)),
      {
        sid: "TagCreatedKeys",
        actions: ["kms:TagResource"],
        resources,
        conditions: [...setsTags(stack), UNTAGGED],
      },
      {
        sid: "ManageKeys",
        actions: [
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:EnableKeyRotation",
          "kms:PutKeyPolicy",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
        ],
        resources,
        conditions: ours,
      },
      {
        sid: "ManageAliases",
        actions: ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
        resources: aliases,
      },
      // ECR, RDS and Secrets Manager use the key with the permissions of who creates the resource.
      {
        sid: "LetServicesUseKeys",
        actions: ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey", "kms:RetireGrant"],
        resources,
        conditions: [...ours, viaService(stack, "ecr", "rds", "secretsmanager")],
      },
    ],
  };
}
