import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import type { IConstruct } from "constructs";
import { bootstrapPath, resourceName, TARGET_GROUP_PREFIX } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import {
  allow,
  OPEN_EXEC_CHANNELS,
  PULL_IMAGE,
  READ_TRAIL,
  type Statement,
  viaService,
} from "../constructs/policy.ts";
import { READ_LOAD_BALANCERS, REGISTER_TARGETS, SHIFT_REQUESTS } from "../constructs/rollout.ts";
import { trailArnOf } from "../trail.ts";

export const boundaryName = ({ settings }: CipherwatchStack) =>
  resourceName(settings.env, "boundary");

/** The boundary of the settings, or the one that bootstrap creates for the pipeline. */
export function boundaryArn(stack: CipherwatchStack): string {
  return (
    stack.settings.permissionsBoundary ??
    stack.globalArn("iam", `policy${bootstrapPath(stack.settings.rolePath)}${boundaryName(stack)}`)
  );
}

/**
 * The permissions boundary of every role of the stacks: what services and tasks need for data and logs.
 * It excludes every change to the account, whatever the role's own policies allow.
 */
export function boundaryStatements(stack: CipherwatchStack): Statement[] {
  const { env, existingKeys, keyGenerations, customerManagedKeys } = stack.settings;
  const existing = Object.values(existingKeys);
  const useKeys = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    ...(keyGenerations.length > 1 ? ["kms:ReEncryptFrom", "kms:ReEncryptTo"] : []),
  ];
  return [
    allow(
      "UseKeys",
      [stack.regionalArn("kms", "key/*")],
      useKeys,
      ["StringEquals", "aws:ResourceTag/Project", "cipherwatch"],
      ["StringEquals", "aws:ResourceTag/Environment", env],
    ),
    ...(existing.length > 0 ? [allow("UseExistingKeys", existing, useKeys)] : []),
    ...(customerManagedKeys === "all" ? [] : [decryptMasterSecret(stack)]),
    allow("SignInToDatabase", [stack.regionalArn("rds-db", "dbuser:*/*")], ["rds-db:connect"]),
    allow(
      "ReadMasterSecret",
      [stack.regionalArn("secretsmanager", "secret:rds!db-*")],
      ["secretsmanager:GetSecretValue"],
    ),
    allow(
      "PullImages",
      [stack.regionalArn("ecr", `repository/${resourceName(env, "*")}`)],
      PULL_IMAGE,
    ),
    allow(
      "WriteLogs",
      [stack.regionalArn("logs", "log-group:*")],
      [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:GetLogEvents",
        "logs:PutLogEvents",
        "logs:PutRetentionPolicy",
      ],
    ),
    allow(
      "PostToWebhook",
      [stack.regionalArn("events", `api-destination/${resourceName(env, "webhook")}/*`)],
      ["events:InvokeApiDestination"],
    ),
    ...(stack.settings.decryptWithoutTrail === "allow"
      ? []
      : [allow("ReadTrail", [trailArnOf(stack)], READ_TRAIL)]),
    ...(stack.settings.operatingHours === undefined ? [] : [startAndStopDatabase(stack)]),
    ...(stack.settings.erasureLedger
      ? [allow("ReadLedger", [stack.regionalArn("logs", "log-group:*")], ["logs:FilterLogEvents"])]
      : []),
    ...(stack.settings.deploymentStrategy === "rolling" ? [] : shiftRequests(stack)),
    // None of these actions has resource types.
    allow(
      "SignInAndList",
      ["*"],
      ["ecr:GetAuthorizationToken", "logs:DescribeLogGroups", ...OPEN_EXEC_CHANNELS],
    ),
  ];
}

/** The AWS managed key of the master secret, for the role that starts tasks. */
function decryptMasterSecret(stack: CipherwatchStack): Statement {
  return allow(
    "DecryptMasterSecret",
    [stack.regionalArn("kms", "key/*")],
    ["kms:Decrypt"],
    ["ForAnyValue:StringEquals", "kms:ResourceAliases", "alias/aws/secretsmanager"],
    viaService(stack, "secretsmanager"),
  );
}

function startAndStopDatabase(stack: CipherwatchStack): Statement {
  return allow(
    "StartAndStopDatabase",
    [stack.regionalArn("rds", `db:${resourceName(stack.settings.env, "database")}`)],
    ["rds:StartDBInstance", "rds:StopDBInstance"],
  );
}

/** For the role that ECS assumes to move requests between two versions of the service. */
function shiftRequests(stack: CipherwatchStack): Statement[] {
  const elb = (resource: string) => stack.regionalArn("elasticloadbalancing", resource);
  const name = resourceName(stack.settings.env, "*");
  return [
    allow("ReadLoadBalancers", ["*"], READ_LOAD_BALANCERS), // have no resource types
    allow("RegisterTargets", [elb(`targetgroup/${TARGET_GROUP_PREFIX}*`)], REGISTER_TARGETS),
    allow(
      "ShiftRequests",
      [elb(`listener/app/${name}`), elb(`listener-rule/app/${name}`)],
      SHIFT_REQUESTS,
    ),
  ];
}

/** Sets a permissions boundary on every role. Does nothing without one. */
export function setBoundary(app: IConstruct, boundary: string | undefined): void {
  if (boundary === undefined) return;
  for (const role of rolesOf(app)) role.permissionsBoundary = boundary;
}

/**
 * Sets the boundary of the settings on every role. Without one, sets the pipeline's boundary on every role of
 * the other stacks, and makes these depend on bootstrap, which creates it. Does nothing if there is neither.
 */
export function applyBoundary(app: IConstruct, bootstrap: CipherwatchStack): void {
  const { githubRepository, permissionsBoundary } = bootstrap.settings;
  setBoundary(app, permissionsBoundary);
  if (permissionsBoundary !== undefined || githubRepository === undefined) return;
  for (const role of rolesOf(app)) {
    const stack = CipherwatchStack.of(role);
    if (stack === bootstrap) continue;
    role.permissionsBoundary = boundaryArn(stack);
    stack.addDependency(bootstrap);
  }
}

/** Sets the path of the settings on every role, except those that have one. */
export function setRolePath(app: IConstruct, rolePath: string): void {
  if (rolePath === "/") return;
  for (const role of rolesOf(app)) role.path = role.pathInput ?? rolePath;
}

const rolesOf = (app: IConstruct): readonly IamRole[] =>
  app.node.findAll().filter((construct) => construct instanceof IamRole);
