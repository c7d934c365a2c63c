import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import type { IConstruct } from "constructs";
import { BOOTSTRAP_PATH, resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { OPEN_EXEC_CHANNELS, PULL_IMAGE, type Statement } from "../constructs/policy.ts";

export const boundaryName = ({ settings }: CipherwatchStack) =>
  resourceName(settings.env, "boundary");

export function boundaryArn(stack: CipherwatchStack): string {
  return stack.globalArn("iam", `policy${BOOTSTRAP_PATH}${boundaryName(stack)}`);
}

/**
 * The permissions boundary of every role of the stacks: what services and tasks need for data and logs.
 * It excludes every change to the account, whatever the role's own policies allow.
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
      actions: PULL_IMAGE,
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
      // None of these actions has resource types.
      sid: "SignInAndList",
      actions: ["ecr:GetAuthorizationToken", "logs:DescribeLogGroups", ...OPEN_EXEC_CHANNELS],
      resources: ["*"],
    },
  ];
}

/**
 * Sets the boundary on every role of the other stacks and makes these stacks depend on bootstrap, which
 * creates it. Does nothing if there is no pipeline.
 */
export function applyBoundary(app: IConstruct, bootstrap: CipherwatchStack): void {
  if (bootstrap.settings.githubRepository === undefined) return;
  for (const role of app.node.findAll().filter((construct) => construct instanceof IamRole)) {
    const stack = CipherwatchStack.of(role);
    if (stack === bootstrap) continue;
    role.permissionsBoundary = boundaryArn(stack);
    stack.addDependency(bootstrap);
  }
}
