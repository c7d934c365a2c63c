import { DENIALS } from "./denied-api.ts";
import type { TrailDetection } from "./detection.ts";
import {
  exampleEvent,
  executionRoleSession,
  onDataKey,
  service,
  serviceDecryptEvent,
  user,
} from "./example-events.ts";
import { allOf, anyOf, CALLER_ROLE_ARN, jsonPattern, matchesAny, matchesNone } from "./pattern.ts";
import { type DetectionScope, taskRoleArns } from "./scope.ts";

/** Condition for calls that passed neither our VPC endpoints nor our NAT gateways. */
function otherThanOurWay({ vpcEndpointIds, natAddresses }: DetectionScope): string | undefined {
  if (vpcEndpointIds.length > 0) return matchesNone("$.vpcEndpointId", ...vpcEndpointIds);
  return natAddresses.length === 0 ? undefined : matchesNone("$.sourceIPAddress", ...natAddresses);
}

/** Calls with which the service checks its trail, if the settings say so. */
const TRAIL_CHECKS = ["GetTrailStatus", "GetEventSelectors"];

const sts = { eventSource: "sts.amazonaws.com", eventName: "GetCallerIdentity", readOnly: true };

export const serviceCredentialsOutside: TrailDetection = {
  id: "service-credentials-outside",
  title: "Credentials of the service's roles were used for something else, or elsewhere",
  severity: "critical",
  tactic: "credential access",
  source: "trail",
  // Counts calls to AWS services that the roles never use. ECS Exec makes the service's role call
  // ssmmessages and logs. denied-api counts the calls that AWS denies. Other errors count here: some services deny
  // with another code, such as SNS, and an error such as NoSuchBucket also answers a question.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesNone("$.errorCode", ...DENIALS),
        anyOf(
          `(${allOf(
            matchesAny(CALLER_ROLE_ARN, ...taskRoleArns(scope)),
            matchesNone("$.eventSource", "kms.*", "ssmmessages.*", "logs.*"),
            ...(scope.serviceReadsTrail ? [matchesNone("$.eventName", ...TRAIL_CHECKS)] : []),
          )})`,
          `(${allOf(
            matchesAny(CALLER_ROLE_ARN, scope.executionRoleArn),
            matchesNone("$.eventSource", "kms.*", "ecr.*", "logs.*", "secretsmanager.*"),
          )})`,
        ),
      ),
    ),
  // The tasks reach KMS and Secrets Manager through VPC endpoints or NAT gateways only. A call that AWS makes
  // for the caller (invokedBy) passes neither. Another endpoint, of this account or of another, is as foreign as the internet.
  furtherPatterns: (scope) => {
    const elsewhere = otherThanOurWay(scope);
    return elsewhere === undefined
      ? []
      : [
          jsonPattern(
            allOf(
              matchesAny(CALLER_ROLE_ARN, ...taskRoleArns(scope), scope.executionRoleArn),
              matchesAny("$.eventSource", "kms.amazonaws.com", "secretsmanager.amazonaws.com"),
              "$.userIdentity.invokedBy NOT EXISTS",
              elsewhere,
            ),
          ),
        ];
  },
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Stolen credentials of a task work anywhere until they expire, for up to six hours. Whoever has them decrypts records like the service, and usually begins with a call such as GetCallerIdentity.",
  falsePositives: [
    "A new version calls another AWS service: the calls begin with its deployment. Update this detection with it.",
    "VPC endpoints or NAT gateways were added, replaced or removed: calls of the tasks, until the alarm stack is deployed.",
  ],
  runbook: [
    "Run the query to see the calls, with their addresses and user agents.",
    "Revoke the role's sessions (in the IAM console: the role, Revoke sessions), and replace the tasks (`aws ecs update-service --force-new-deployment`).",
    "Find out how the credentials left the task: check ecs-change, role-borrowed and role-change.",
    "Treat every record that the foreign address decrypted as disclosed.",
  ],
  insightsQuery: ({ serviceRoleName, executionRoleName }) =>
    [
      `filter userIdentity.sessionContext.sessionIssuer.userName in ["${serviceRoleName}", "${executionRoleName}"]`,
      "stats count() as calls, earliest(eventTime) as first, latest(eventID) as event, latest(userIdentity.arn) as session by eventSource, eventName, sourceIPAddress, vpcEndpointId, userAgent",
      "sort calls asc",
    ].join(" | "),
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
  // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
  mustFire: [
    exampleEvent("a stolen session of the service asks who it is", service, {
      ...sts,
      sourceIPAddress: "198.51.100.23",
      userAgent: "Boto3/1.40.21 md/Botocore#1.40.21 lang/python#3.13.7",
    }),
    exampleEvent("a stolen session of the execution role asks who it is", executionRoleSession, {
      ...sts,
      sourceIPAddress: "198.51.100.23",
    }),
    // https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
    exampleEvent("SNS denies a call by a stolen session, with an error code of its own", service, {
      eventSource: "sns.amazonaws.com",
      eventName: "ListTopics",
      readOnly: true,
      errorCode: "AuthorizationError",
      sourceIPAddress: "198.51.100.23",
    }),
    {
      ...exampleEvent("a stolen session of the service decrypts a record", service, {
        eventSource: "kms.amazonaws.com",
        eventName: "Decrypt",
        readOnly: true,
        sourceIPAddress: "198.51.100.23",
        ...onDataKey,
      }),
      alsoFires: ["kms-volume"],
    },
    exampleEvent("a stolen session of the execution role reads the secret", executionRoleSession, {
      eventSource: "secretsmanager.amazonaws.com",
      eventName: "GetSecretValue",
      readOnly: true,
      sourceIPAddress: "198.51.100.23",
    }),
  ],
  mustNotFire: [
    {
      name: "the service decrypts a record",
      record: serviceDecryptEvent,
      alsoFires: ["kms-volume"],
    },
    exampleEvent("ECS reads the master secret for a new task", executionRoleSession, {
      eventSource: "secretsmanager.amazonaws.com",
      eventName: "GetSecretValue",
      readOnly: true,
    }),
    exampleEvent("ECS signs in to the registry for a new task", executionRoleSession, {
      eventSource: "ecr.amazonaws.com",
      eventName: "GetAuthorizationToken",
      readOnly: true,
    }),
    exampleEvent("a user calls GetCallerIdentity", user, sts),
  ],
};
