import { resourceName } from "../../../common/naming.ts";
import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import type { Area } from "./area.ts";

/** The database, but neither its end nor the value of its master secret. */
export function database(stack: CipherwatchStack): Area {
  const resources = ["db", "pg", "subgrp"].map((type) =>
    stack.regionalArn("rds", `${type}:${resourceName(stack.settings.env, "*")}`),
  );
  return {
    read: [
      {
        // The provider looks an instance up by the id that RDS gave it, which no name matches.
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
        // An instance without an option group of its own takes the default one of its engine, and that
        // counts as used: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/security_iam_id-based-policy-examples-create-and-modify-examples.html
        sid: "TakeDefaultOptions",
        actions: ["rds:CreateDBInstance", "rds:ModifyDBInstance"],
        resources: [stack.regionalArn("rds", "og:default:postgres-*")],
      },
      {
        // RDS makes the secret in the name of who creates the database.
        // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
        sid: "LetRdsMakeMasterSecret",
        actions: ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
        resources: [stack.regionalArn("secretsmanager", "secret:rds!db-*")],
      },
    ],
  };
}
