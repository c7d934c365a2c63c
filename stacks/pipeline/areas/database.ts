import type { CipherwatchStack } from "../../cipherwatch-stack.ts";
import { resourceName } from "../../naming.ts";
import type { Area } from "./area.ts";

/** The database, but neither its end nor the value of its master secret. */
export function database(stack: CipherwatchStack): Area {
  const resources = ["db", "pg", "subgrp"].map((type) =>
    stack.regionalArn("rds", `${type}:${resourceName(stack.settings.env, "*")}`),
  );
  return {
    read: [
      {
        sid: "ReadDatabase",
        actions: [
          "rds:DescribeDBInstances",
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
        // RDS makes the secret in the name of who creates the database.
        // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
        sid: "LetRdsMakeMasterSecret",
        actions: ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
        resources: [stack.regionalArn("secretsmanager", "secret:rds!db-*")],
      },
    ],
  };
}
