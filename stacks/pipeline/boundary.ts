import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import type { IConstruct } from "constructs";
import { BOOTSTRAP_PATH, resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import type { Statement } from "../constructs/policy.ts";

export const boundaryName = ({ settings }: CipherwatchStack) =>
  resourceName(settings.env, "boundary");

export function boundaryArn(stack: CipherwatchStack): string {
  return stack.globalArn("iam", `policy${BOOTSTRAP_PATH}${boundaryName(stack)}`);
}

/**
 * The most that a role of the stacks can ever do, whatever its own policies say: what services and
 * tasks do with data and logs, and nothing that changes the account.
 */
export function boundaryStatements(stack: CipherwatchStack): Statement[] {
  const { env } = stack.settings;
  return [
    {
      sid: "UseKeys",
      actions: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
      resources: [stack.regionalArn("kms", "key/*")],
      conditions: [
        ["StringEquals", "aws:ResourceTag/Project", "cipherwatch"],
        ["StringEquals", "aws:ResourceTag/Environment", env],
      ],
    },
    {
      sid: "SignInToDatabase",
      actions: ["rds-db:connect"],
      resources: [stack.regionalArn("rds-db", "dbuser:*/*")],
    },
    {
      sid: "ReadMasterSecret",
      actions: ["secretsmanager:GetSecretValue"],
      resources: [stack.regionalArn("secretsmanager", "secret:rds!db-*")],
    },
    {
      sid: "PullImages",
      actions: [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
      ],
      resources: [stack.regionalArn("ecr", `repository/${resourceName(env, "*")}`)],
    },
    {
      sid: "WriteLogs",
      actions: [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:GetLogEvents",
        "logs:PutLogEvents",
        "logs:PutRetentionPolicy",
      ],
      resources: [stack.regionalArn("logs", "log-group:*")],
    },
    {
      sid: "PostToWebhook",
      actions: ["events:InvokeApiDestination"],
      resources: [stack.regionalArn("events", `api-destination/${resourceName(env, "webhook")}/*`)],
    },
    {
      // None of these takes a resource: ECR's sign-in, the list of log groups, ECS Exec's channels.
      sid: "SignInAndList",
      actions: [
        "ecr:GetAuthorizationToken",
        "logs:DescribeLogGroups",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
      resources: ["*"],
    },
  ];
}

/**
 * Puts every role of the stacks under the boundary, and bootstrap, which makes that, before them; not
 * where there is no pipeline.
 */
export function boundRoles(app: IConstruct, bootstrap: CipherwatchStack): void {
  if (bootstrap.settings.githubRepository === undefined) return;
  for (const role of app.node.findAll().filter((construct) => construct instanceof IamRole)) {
    const stack = CipherwatchStack.of(role);
    if (stack === bootstrap) continue;
    role.permissionsBoundary = boundaryArn(stack);
    stack.addDependency(bootstrap);
  }
}
