import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import type { Area } from "./area.ts";

/** The database, except for deleting it and reading its master secret. */
export function database(stack: CipherwatchStack): Area {
  const resources = ["db", "pg", "subgrp"].map((type) =>
    stack.regionalArn("rds", `${type}:${resourceName(stack.settings.env, "*")}`),
  );
  return {
    read: [
      {
        // The provider finds an instance by its resource id, which does not match a name pattern.
        // https://github.com/hashicorp/terraform-provider-aws/issues/35737
        sid: "FindDatabase",
        actions: ["rds:DescribeDBInstances"],
        resources: [stack.regionalArn("rds", "db:*")],
      },
      {
        sid: "ReadDatabase",
        actions: [
          "rds:DescribeDBParameterGroups",
          "rds:DescribeDBParameters",
          "rds:DescribeDBSubnetGroups",
          "rds:ListTagsForResource",
        ],
        resources,
      },
    ],
    write: [
      {
        sid: "ManageDatabase",
        actions: [
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
        ],
        resources,
      },
      {
        // An instance without its own option group uses the engine's default one, which IAM checks too:
        // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_id-based-policy-examples-create-and-modify-examples.html
        sid: "TakeDefaultOptions",
        actions: ["rds:CreateDBInstance", "rds:ModifyDBInstance"],
        resources: [stack.regionalArn("rds", "og:default:postgres-*")],
      },
      {
        // RDS creates the secret with the permissions of the caller.
        // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
        sid: "LetRdsMakeMasterSecret",
        actions: ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
        resources: [stack.regionalArn("secretsmanager", "secret:rds!db-*")],
      },
    ],
  };
}
