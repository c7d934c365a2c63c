import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { allow } from "../../constructs/policy.ts";
import type { Area } from "./area.ts";

/** The database, except for deleting it and reading its master secret. */
export function database(stack: CipherwatchStack): Area {
  const schedules =
    stack.settings.operatingHours === undefined
      ? []
      : [
          stack.regionalArn(
            "scheduler",
            `schedule/default/${resourceName(stack.settings.env, "*")}`,
          ),
        ];
  const resources = ["db", "pg", "subgrp"].map((type) =>
    stack.regionalArn("rds", `${type}:${resourceName(stack.settings.env, "*")}`),
  );
  return {
    read: [
      // The provider finds an instance by its resource id, which does not match a name pattern.
      // https://github.com/hashicorp/terraform-provider-aws/issues/35737
      allow("FindDatabase", [stack.regionalArn("rds", "db:*")], ["rds:DescribeDBInstances"]),
      allow("ReadDatabase", resources, [
        "rds:DescribeDBParameterGroups",
        "rds:DescribeDBParameters",
        "rds:DescribeDBSubnetGroups",
        "rds:ListTagsForResource",
      ]),
      ...(schedules.length > 0
        ? [allow("ReadSchedules", schedules, ["scheduler:GetSchedule"])]
        : []),
    ],
    write: [
      allow("ManageDatabase", resources, [
        "rds:AddTagsToResource",
        "rds:CreateDBInstance",
        "rds:CreateDBParameterGroup",
        "rds:CreateDBSubnetGroup",
        "rds:DeleteDBParameterGroup",
        "rds:DeleteDBSubnetGroup",
        "rds:ModifyDBInstance",
        "rds:ModifyDBParameterGroup",
        "rds:ModifyDBSubnetGroup",
        "rds:RebootDBInstance",
        "rds:RemoveTagsFromResource",
        "rds:ResetDBParameterGroup",
      ]),
      ...(schedules.length > 0
        ? [
            allow("ManageSchedules", schedules, [
              "scheduler:CreateSchedule",
              "scheduler:DeleteSchedule",
              "scheduler:UpdateSchedule",
            ]),
          ]
        : []),
      // An instance without its own option group uses the engine's default one, which IAM checks too:
      // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_id-based-policy-examples-create-and-modify-examples.html
      allow(
        "TakeDefaultOptions",
        [stack.regionalArn("rds", "og:default:postgres-*")],
        ["rds:CreateDBInstance", "rds:ModifyDBInstance"],
      ),
      // RDS creates the secret with the permissions of the caller.
      // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
      allow(
        "LetRdsMakeMasterSecret",
        [stack.regionalArn("secretsmanager", "secret:rds!db-*")],
        ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
      ),
    ],
  };
}
