import { expect, test } from "vitest";
import { settingsOf } from "../../settings/testing.ts";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import type { TerraformJson } from "../../terraform/json.ts";
import { BootstrapStack } from "../bootstrap.ts";
import { synthesize } from "../synthesize.ts";
import { permissionsOfRole } from "../testing/pipeline-permissions.ts";
import { conditionsOf, resourcesOf } from "../testing/synthesized.ts";

test("the boundary of the settings replaces the pipeline's, on the pipeline's roles too", () => {
  const boundary = "arn:aws:iam::111122223333:policy/teams/boundary";
  const stacks = synthesize(
    settingsOf({ GITHUB_REPOSITORY: "example-org/cipherwatch", PERMISSIONS_BOUNDARY: boundary }),
  );
  const roles = [...stacks].flatMap(([, json]) => Object.values(resourcesOf(json, "aws_iam_role")));
  expect(roles.length).toBeGreaterThanOrEqual(5);
  expect(new Set(roles.map((role) => role.permissions_boundary))).toEqual(new Set([boundary]));
  const bootstrap = stacks.get("bootstrap") as TerraformJson;
  expect(JSON.stringify(resourcesOf(bootstrap, "aws_iam_policy"))).not.toContain("-boundary");
  expect(permissionsOfRole(bootstrap, "Deploy").flatMap(conditionsOf)).toContain(
    `StringEquals iam:PermissionsBoundary ${boundary}`,
  );
});

test("the deploy role lets EC2 associate the VPC with the zones of endpoints' private names", () => {
  const bootstrap = synthStack(
    (app) =>
      new BootstrapStack(app, "bootstrap", {
        settings: settingsOf({
          GITHUB_REPOSITORY: "example-org/cipherwatch",
          VPC_ENDPOINTS: "true",
        }),
      }),
  );
  const statements = permissionsOfRole(bootstrap, "Deploy").filter(({ actions }) =>
    actions.includes("route53:AssociateVPCWithHostedZone"),
  );
  expect(statements.map(conditionsOf)).toEqual([
    ["ForAllValues:StringLike route53:VPCs VPCId=*,VPCRegion=ap-southeast-2"],
  ]);
});
