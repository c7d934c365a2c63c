import { keyAlias } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import type { Condition } from "../../constructs/policy.ts";
import { type Area, beingTagged, existing, onAnything, UNTAGGED } from "./area.ts";

/** The keys, to manage; the data key's policy lets nobody here use it. */
export function keys(stack: CipherwatchStack): Area {
  const { env, region } = stack.settings;
  const resources = [stack.regionalArn("kms", "key/*")];
  const aliases = [keyAlias(env), keyAlias(env, "*")].map((name) => stack.regionalArn("kms", name));
  const ours: readonly Condition[] = [
    ...existing(stack),
    ["StringNotEquals", "aws:ResourceTag/Stack", "bootstrap"], // whose keys have those tags, too
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
      onAnything(stack, "ListAliases", ["kms:ListAliases"]),
    ],
    write: [
      onAnything(stack, "CreateKeys", ["kms:CreateKey"], ...beingTagged(stack)),
      {
        sid: "TagCreatedKeys",
        actions: ["kms:TagResource"],
        resources,
        conditions: [...beingTagged(stack), UNTAGGED],
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
      // ECR, RDS and Secrets Manager take up a key in the name of who creates what it encrypts.
      {
        sid: "LetServicesUseKeys",
        actions: ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey", "kms:RetireGrant"],
        resources,
        conditions: [
          ...ours,
          [
            "StringEquals",
            "kms:ViaService",
            `ecr.${region}.amazonaws.com`,
            `rds.${region}.amazonaws.com`,
            `secretsmanager.${region}.amazonaws.com`,
          ],
        ],
      },
    ],
  };
}
