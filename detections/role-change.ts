import { bootstrapPath } from "../common/naming.ts";
import type { TrailDetection } from "./detection.ts";
import { administrator, deployer, exampleEvent, exampleScope, user } from "./example-events.ts";
import {
  allOf,
  anyOf,
  CALLER_ROLE_ARN,
  jsonPattern,
  matchesAny,
  matchesNone,
  PARAMETERS_OMITTED,
} from "./pattern.ts";
import { type DetectionScope, type MonitoringScope, taskRoleArns, trailRoleName } from "./scope.ts";

const INVOKED_BY = "$.userIdentity.invokedBy";
const GITHUB = "token.actions.githubusercontent.com";

/**
 * Matches write calls to IAM that meet any of the conditions. CloudTrail omits the parameters of a request that white
 * space in a policy makes longer than 100 KB, so any such request counts:
 * https://permiso.io/blog/cloudtrail-logging-evasion-where-policy-size-matters
 */
export function iamChanges(...conditions: readonly string[]): string {
  return jsonPattern(
    allOf(
      matchesAny("$.eventSource", "iam.amazonaws.com"),
      "$.readOnly IS FALSE",
      anyOf(...conditions, PARAMETERS_OMITTED),
    ),
  );
}

/**
 * Matches changes of our roles whose name the caller wrote in other case: IAM does not distinguish names by case. No
 * deployment writes them like this.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
 */
export function changesInOtherCase({ namePrefix }: MonitoringScope): string {
  const anyCase = namePrefix.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
  return jsonPattern(
    allOf(
      matchesAny("$.eventSource", "iam.amazonaws.com"),
      "$.readOnly IS FALSE",
      `$.requestParameters.roleName = %^${anyCase}%`,
      `$.requestParameters.roleName != "${namePrefix}*"`,
    ),
  );
}

/** A role of this environment, with or without the path of the bootstrap stack. */
const anyRole = ({ namePrefix }: DetectionScope) => `*/${namePrefix}*`;

const { namePrefix, serviceRoleArn, serviceRoleName, executionRoleName, deployRoleName } =
  exampleScope;
const inIam = { eventSource: "iam.amazonaws.com", readOnly: false };
const inSts = { eventSource: "sts.amazonaws.com", readOnly: true };
const policyDocument =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/mallory"},"Action":"sts:AssumeRole"}]}';

// Examples follow the records that AWS documents:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
export const roleChange: TrailDetection = {
  id: "role-change",
  title: "One of the deployment's IAM roles was changed, or assumed by someone else",
  severity: "critical",
  tactic: "privilege escalation",
  source: "trail",
  // Every write call on a role or policy of ours, whatever its name: a new IAM operation is counted as well.
  // The pipeline changes roles when it deploys, but the boundary forbids it to change the bootstrap stack.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "iam.amazonaws.com"),
        "$.readOnly IS FALSE",
        anyOf(
          matchesAny("$.requestParameters.roleName", `${scope.namePrefix}*`),
          matchesAny("$.requestParameters.policyArn", anyRole(scope)),
        ),
        matchesNone(CALLER_ROLE_ARN, scope.deployRoleArn),
      ),
    ),
  furtherPatterns: (scope) => [
    // By anyone, the pipeline included.
    iamChanges(
      matchesAny("$.requestParameters.roleName", scope.deployRoleName, trailRoleName(scope)),
      matchesAny("$.requestParameters.policyArn", `*${bootstrapPath()}${scope.namePrefix}*`),
      matchesAny("$.requestParameters.openIDConnectProviderArn", `*/${GITHUB}`),
    ),
    changesInOtherCase(scope),
    // Sessions that neither ECS nor GitHub Actions started. A stolen role is assumed like this once its
    // trust policy has been changed.
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "sts.amazonaws.com"),
        anyOf(
          `(${allOf(
            matchesAny("$.eventName", "AssumeRole"),
            matchesAny("$.requestParameters.roleArn", anyRole(scope)),
            `${INVOKED_BY} NOT EXISTS`,
          )})`,
          `(${allOf(
            matchesAny("$.eventName", "AssumeRole*"),
            matchesAny(
              "$.requestParameters.roleArn",
              ...taskRoleArns(scope),
              scope.executionRoleArn,
            ),
            matchesNone(INVOKED_BY, "ecs-tasks.amazonaws.com"),
          )})`,
        ),
      ),
    ),
  ],
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Whoever controls the trust or the policies of these roles can act as the service and decrypt records, or act as the pipeline and change anything. The other detections do not count what these roles normally do.",
  falsePositives: [
    "An administrator deployed the bootstrap or trail stack: planned, and by a person you know.",
    "A tool of your organization tags all roles: exclude its role.",
    "Somebody deployed from their own machine: exclude that role, or deploy through the pipeline.",
  ],
  runbook: [
    "Run the query to see which role was changed or assumed, by whom, and from where.",
    "Restore the role: run `npm run diff`, then `npm run deploy` for the stack that differs.",
    "Revoke the role's sessions (in the IAM console: the role, Revoke sessions): earlier sessions stay valid until they expire.",
    "Search the trail for calls of these sessions. Treat every record that they decrypted as disclosed.",
  ],
  insightsQuery: ({ namePrefix, serviceRoleArn, executionRoleArn }) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.roleName, requestParameters.policyArn, requestParameters.roleArn, eventID, errorCode",
      `filter (eventSource = "iam.amazonaws.com" and eventName not like /^(Get|List|Simulate|Generate)/ and (@message like /(?i)${namePrefix}/ or @message like "${GITHUB}" or ispresent(requestParameters.omitted))) or (eventName = "AssumeRole" and requestParameters.roleArn like "${namePrefix}" and (not ispresent(userIdentity.invokedBy) or (requestParameters.roleArn in ["${serviceRoleArn}", "${executionRoleArn}"] and userIdentity.invokedBy != "ecs-tasks.amazonaws.com")))`,
      "sort eventTime desc",
    ].join(" | "),
  mustFire: [
    exampleEvent("a user lets herself assume the service's role", user, {
      ...inIam,
      eventName: "UpdateAssumeRolePolicy",
      requestParameters: { roleName: serviceRoleName, policyDocument },
    }),
    exampleEvent("a user adds a policy to the service's role", user, {
      ...inIam,
      eventName: "PutRolePolicy",
      requestParameters: { roleName: serviceRoleName, policyName: "more", policyDocument: "{}" },
    }),
    exampleEvent(
      "a user adds a policy to the service's role, and writes its name in capitals",
      user,
      {
        ...inIam,
        eventName: "PutRolePolicy",
        requestParameters: {
          roleName: serviceRoleName.toUpperCase(),
          policyName: "more",
          policyDocument: "{}",
        },
      },
    ),
    exampleEvent("a user attaches a policy to the execution role", user, {
      ...inIam,
      eventName: "AttachRolePolicy",
      requestParameters: {
        roleName: executionRoleName,
        policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
      },
    }),
    exampleEvent("an administrator removes the boundary of the service's role", administrator, {
      ...inIam,
      eventName: "DeleteRolePermissionsBoundary",
      requestParameters: { roleName: serviceRoleName },
    }),
    exampleEvent("a user widens the trust of the pipeline's role", user, {
      ...inIam,
      eventName: "UpdateAssumeRolePolicy",
      requestParameters: { roleName: deployRoleName, policyDocument },
    }),
    exampleEvent("AWS denies the pipeline a change of its own role", deployer, {
      ...inIam,
      eventName: "PutRolePolicy",
      errorCode: "AccessDenied",
      requestParameters: { roleName: deployRoleName, policyName: "more", policyDocument: "{}" },
    }),
    exampleEvent("a user changes the boundary of the pipeline's roles", user, {
      ...inIam,
      eventName: "CreatePolicyVersion",
      requestParameters: {
        policyArn: `arn:aws:iam::111122223333:policy/bootstrap/${namePrefix}boundary`,
        policyDocument: "{}",
        setAsDefault: true,
      },
    }),
    exampleEvent("a user adds a policy so long that CloudTrail omits the parameters", user, {
      ...inIam,
      eventName: "PutRolePolicy",
      requestParameters: {
        reason: "requestParameters too large",
        omitted: true,
        originalSize: 131_072,
      },
    }),
    exampleEvent("a user adds an audience to GitHub's identity provider", user, {
      ...inIam,
      eventName: "AddClientIDToOpenIDConnectProvider",
      requestParameters: {
        openIDConnectProviderArn: `arn:aws:iam::111122223333:oidc-provider/${GITHUB}`,
        clientID: "eve",
      },
    }),
    exampleEvent("a user deletes the policy of the role that writes the trail's log group", user, {
      ...inIam,
      eventName: "DeleteRolePolicy",
      requestParameters: { roleName: trailRoleName(exampleScope), policyName: "write" },
    }),
    exampleEvent("a user assumes the service's role", user, {
      ...inSts,
      eventName: "AssumeRole",
      requestParameters: { roleArn: serviceRoleArn, roleSessionName: "mallory" },
    }),
    exampleEvent(
      "Lambda assumes the service's role",
      { type: "AWSService", accountId: "111122223333", invokedBy: "lambda.amazonaws.com" },
      {
        ...inSts,
        eventName: "AssumeRole",
        requestParameters: { roleArn: serviceRoleArn, roleSessionName: "function" },
      },
    ),
    exampleEvent("an administrator assumes the pipeline's role without GitHub", administrator, {
      ...inSts,
      eventName: "AssumeRole",
      requestParameters: {
        roleArn: exampleScope.deployRoleArn,
        roleSessionName: "jordan",
      },
    }),
  ],
  mustNotFire: [
    exampleEvent("the pipeline changes the service's permissions", deployer, {
      ...inIam,
      eventName: "PutRolePolicy",
      requestParameters: {
        roleName: serviceRoleName,
        policyName: "permissions",
        policyDocument: "{}",
      },
    }),
    exampleEvent("an administrator changes another application's role", administrator, {
      ...inIam,
      eventName: "PutRolePolicy",
      requestParameters: { roleName: "orders", policyName: "permissions", policyDocument: "{}" },
    }),
    exampleEvent("an administrator reads the service's role", administrator, {
      ...inIam,
      eventName: "GetRole",
      readOnly: true,
      requestParameters: { roleName: serviceRoleName },
    }),
    exampleEvent(
      "ECS assumes the service's role for a task",
      { type: "AWSService", accountId: "111122223333", invokedBy: "ecs-tasks.amazonaws.com" },
      {
        ...inSts,
        eventName: "AssumeRole",
        requestParameters: {
          roleArn: serviceRoleArn,
          roleSessionName: "5e1d0a9c4b8f47d2a6c3e7f0918b2d54",
        },
      },
    ),
    exampleEvent(
      "CloudTrail assumes its role",
      { type: "AWSService", accountId: "111122223333", invokedBy: "cloudtrail.amazonaws.com" },
      {
        ...inSts,
        eventName: "AssumeRole",
        requestParameters: {
          roleArn: `arn:aws:iam::111122223333:role/${namePrefix}trail-to-logs`,
          roleSessionName: "CLOUDTRAIL",
        },
      },
    ),
    exampleEvent(
      "GitHub Actions assumes the pipeline's role",
      {
        type: "WebIdentityUser",
        accountId: "111122223333",
        userName: "repo:example-org/cipherwatch:environment:dev",
      },
      {
        ...inSts,
        eventName: "AssumeRoleWithWebIdentity",
        requestParameters: {
          roleArn: exampleScope.deployRoleArn,
          roleSessionName: "GitHubActions",
        },
      },
    ),
  ],
};
