import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  exampleEvent,
  executionRoleSession,
  managementEvent,
  service,
  serviceDecryptEvent,
} from "./example-events.ts";
import { allOf, anyOf, CALLER_ROLE_ARN, jsonPattern, matchesAny, matchesNone } from "./pattern.ts";

/** Error codes of denied calls. EC2 returns UnauthorizedOperation instead of AccessDenied. */
export const DENIALS = ["AccessDenied*", "*UnauthorizedOperation"];

const DENIED = {
  errorCode: "AccessDenied",
  errorMessage:
    "User: arn:aws:sts::111122223333:assumed-role/cipherwatch-dev-service/5e1d0a9c4b8f47d2a6c3e7f0918b2d54 is not authorized to perform this action because no identity-based policy allows it",
};

export const deniedApi: TrailDetection = {
  id: "denied-api",
  title: "AWS denied a call by one of the service's roles",
  severity: "medium",
  // No tactic: together with kms-errors, it usually means that a deployment broke a policy.
  source: "trail",
  // kms-errors counts what KMS denies. service-credentials-outside counts other errors.
  pattern: ({ serviceRoleArn, executionRoleArn, rewrapRoleArn }) =>
    jsonPattern(
      allOf(
        matchesAny("$.errorCode", ...DENIALS),
        anyOf(
          `(${allOf(
            matchesAny(CALLER_ROLE_ARN, serviceRoleArn),
            matchesNone("$.eventSource", "kms.amazonaws.com"),
          )})`,
          matchesAny(
            CALLER_ROLE_ARN,
            executionRoleArn,
            ...(rewrapRoleArn === undefined ? [] : [rewrapRoleArn]),
          ),
        ),
      ),
    ),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "The roles allow exactly the calls that the service makes. AWS denied another call: somebody explores with stolen credentials, or a new version lacks a permission.",
  falsePositives: [
    "A new version needs a permission that its deployment did not add: AWS denies the same call repeatedly, starting with the deployment.",
    "A library checks what it can use, such as the region or the account alias: one denied call at each start.",
  ],
  runbook: [
    "Run the query to see which calls were denied, and from which address.",
    "If the address is not the service's, or the calls are like ListBuckets, ListUsers and GetCallerIdentity, the credentials were stolen. Revoke the role's sessions (in the IAM console: the role, Revoke sessions) and stop the tasks.",
    "If the same call has been denied since a deployment, add the permission in the stacks, or roll back.",
  ],
  insightsQuery: ({ serviceRoleName, executionRoleName }) =>
    [
      `filter errorCode like /AccessDenied|UnauthorizedOperation/ and userIdentity.sessionContext.sessionIssuer.userName in ["${serviceRoleName}", "${executionRoleName}"]`,
      "stats count() as denied, earliest(eventTime) as first, latest(eventID) as event, latest(userIdentity.arn) as session by eventSource, eventName, sourceIPAddress, userAgent",
      "sort denied desc",
    ].join(" | "),
  mustFire: [
    exampleEvent("the service's role lists S3 buckets", service, {
      eventSource: "s3.amazonaws.com",
      eventName: "ListBuckets",
      readOnly: true,
      ...DENIED,
    }),
    exampleEvent(
      "the service's role lists EC2 instances, and EC2 returns UnauthorizedOperation",
      service,
      {
        eventSource: "ec2.amazonaws.com",
        eventName: "DescribeInstances",
        readOnly: true,
        ...DENIED,
        errorCode: "Client.UnauthorizedOperation",
      },
    ),
    exampleEvent(
      "KMS denies the execution role to decrypt the master secret",
      executionRoleSession,
      {
        eventSource: "kms.amazonaws.com",
        eventName: "Decrypt",
        readOnly: true,
        ...DENIED,
      },
    ),
  ],
  mustNotFire: [
    {
      name: "the service decrypts a record",
      record: serviceDecryptEvent,
      alsoFires: ["kms-volume"],
    },
    {
      name: "KMS denies a call by the service",
      record: managementEvent(service, {
        eventSource: "kms.amazonaws.com",
        eventName: "Decrypt",
        readOnly: true,
        ...DENIED,
      }),
      alsoFires: ["kms-errors"],
    },
    exampleEvent("AWS denies a call by an administrator", administrator, {
      eventSource: "s3.amazonaws.com",
      eventName: "ListBuckets",
      readOnly: true,
      ...DENIED,
    }),
    exampleEvent("a call by the execution role fails for another reason", executionRoleSession, {
      eventSource: "secretsmanager.amazonaws.com",
      eventName: "GetSecretValue",
      readOnly: true,
      errorCode: "ResourceNotFoundException",
      errorMessage: "Secrets Manager can't find the specified secret.",
    }),
  ],
};
