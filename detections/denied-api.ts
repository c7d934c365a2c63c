import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  executionRoleSession,
  managementEvent,
  service,
  serviceDecryptEvent,
} from "./example-events.ts";
import { allOf, anyOf, CALLER_ROLE_ARN, jsonPattern, matchesAny, matchesNone } from "./pattern.ts";

const DENIED = {
  errorCode: "AccessDenied",
  errorMessage:
    "User: arn:aws:sts::111122223333:assumed-role/cipherwatch-dev-service/5e1d0a9c4b8f47d2a6c3e7f0918b2d54 is not authorized to perform this action because no identity-based policy allows it",
};

export const deniedApi: TrailDetection = {
  id: "denied-api",
  title: "The service's roles tried what they may not do",
  severity: "medium",
  // No tactic: with kms-errors it is above all the sign of a deployment that broke a policy.
  source: "trail",
  // What KMS denies the service is among kms-errors. EC2 says UnauthorizedOperation for the same.
  pattern: ({ serviceRoleArn, executionRoleArn }) =>
    jsonPattern(
      allOf(
        matchesAny("$.errorCode", "AccessDenied*", "*UnauthorizedOperation"),
        anyOf(
          `(${allOf(
            matchesAny(CALLER_ROLE_ARN, serviceRoleArn),
            matchesNone("$.eventSource", "kms.amazonaws.com"),
          )})`,
          matchesAny(CALLER_ROLE_ARN, executionRoleArn),
        ),
      ),
    ),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "The roles may do exactly what the service does. Somebody who holds their credentials and looks around is denied; so is a service whose policy lacks what a new version needs.",
  falsePositives: [
    "A deployment that needs a permission it did not bring: from its first minute on, the same call again and again.",
    "A library that probes for what it can use, such as a region or an account alias: once at each start.",
  ],
  runbook: [
    "Run the query: which calls, from which address.",
    "An address that is not the service's, or calls such as ListBuckets, ListUsers and GetCallerIdentity: the credentials were stolen. Revoke the role's sessions (IAM, the role, Revoke sessions) and stop the tasks.",
    "The same call since a deployment: add the permission in the stacks, or roll back.",
  ],
  insightsQuery: ({ serviceRoleName, executionRoleName }) =>
    [
      `filter errorCode like /AccessDenied|UnauthorizedOperation/ and userIdentity.sessionContext.sessionIssuer.userName in ["${serviceRoleName}", "${executionRoleName}"]`,
      "stats count() as denied, earliest(eventTime) as first by eventSource, eventName, sourceIPAddress, userAgent",
      "sort denied desc",
    ].join(" | "),
  mustFire: [
    {
      name: "the service's role lists the account's buckets",
      record: managementEvent(service, {
        eventSource: "s3.amazonaws.com",
        eventName: "ListBuckets",
        readOnly: true,
        ...DENIED,
      }),
    },
    {
      name: "and looks for machines: EC2 spells it otherwise",
      record: managementEvent(service, {
        eventSource: "ec2.amazonaws.com",
        eventName: "DescribeInstances",
        readOnly: true,
        ...DENIED,
        errorCode: "Client.UnauthorizedOperation",
      }),
    },
    {
      name: "the role that starts tasks may not decrypt the master secret",
      record: managementEvent(executionRoleSession, {
        eventSource: "kms.amazonaws.com",
        eventName: "Decrypt",
        readOnly: true,
        ...DENIED,
      }),
    },
  ],
  mustNotFire: [
    { name: "the service opens a record", record: serviceDecryptEvent, alsoFires: ["kms-volume"] },
    {
      name: "KMS denies the service",
      record: managementEvent(service, {
        eventSource: "kms.amazonaws.com",
        eventName: "Decrypt",
        readOnly: true,
        ...DENIED,
      }),
      alsoFires: ["kms-errors"],
    },
    {
      name: "somebody else is denied",
      record: managementEvent(administrator, {
        eventSource: "s3.amazonaws.com",
        eventName: "ListBuckets",
        readOnly: true,
        ...DENIED,
      }),
    },
    {
      name: "a call of the service fails for another reason",
      record: managementEvent(executionRoleSession, {
        eventSource: "secretsmanager.amazonaws.com",
        eventName: "GetSecretValue",
        readOnly: true,
        errorCode: "ResourceNotFoundException",
        errorMessage: "Secrets Manager can't find the specified secret.",
      }),
    },
  ],
};
