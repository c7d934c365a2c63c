import { settingsOf } from "../../settings/testing.ts";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import type { TerraformJson } from "../../terraform/json.ts";
import { ServiceStack } from "../service.ts";
import { resourceOf } from "./synthesized.ts";

export const DIGEST = `sha256:${"1".repeat(64)}`;
export const KEY_ARN = "arn:aws:kms:ap-southeast-2:111122223333:key/data";
export const SECRET_ARN = "arn:aws:secretsmanager:ap-southeast-2:111122223333:secret:rds!db-1";
export const SECRET_KEY_ARN = "arn:aws:kms:ap-southeast-2:111122223333:key/secret";
export const REPOSITORY_ARN = "arn:aws:ecr:ap-southeast-2:111122223333:repository/service";

/** @param variables settings, named without `CIPHERWATCH_` */
export function serviceStack(
  variables: Readonly<Record<string, string>> = {},
  endpointSecurityGroupId?: string,
  previousKeyArns: readonly string[] = [],
): TerraformJson {
  return synthStack(
    (app) =>
      new ServiceStack(app, "service", {
        settings: settingsOf(variables),
        imageDigest: DIGEST,
        repositoryArn: REPOSITORY_ARN,
        repositoryUrl: "registry.example.com/service",
        vpcId: "vpc-1",
        publicSubnetIds: ["subnet-public-a", "subnet-public-b"],
        privateSubnetIds: ["subnet-private-a", "subnet-private-b"],
        serviceSecurityGroupId: "sg-tasks",
        endpointSecurityGroupId,
        keyArn: KEY_ARN,
        previousKeyArns,
        databaseHost: "database.example.com",
        databasePort: 5433,
        databaseName: "cipherwatch",
        databaseUser: "cipherwatch_service",
        rewrapUser: "cipherwatch_rewrap",
        databaseResourceId: "db-ABC",
        databaseSecurityGroupId: "sg-database",
        masterSecretArn: SECRET_ARN,
        secretKeyArn: SECRET_KEY_ARN,
      }),
  );
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly essential: boolean;
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly [field: string]: unknown;
}

/** The containers of the service's task definition. */
export function containersOf(stack: TerraformJson): readonly [migrate: Container, api: Container] {
  return JSON.parse(String(resourceOf(stack, "aws_ecs_task_definition").container_definitions));
}
