import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  executionRoleSession,
  managementEvent,
  service,
  user,
} from "./example-events.ts";
import { allOf, jsonPattern, matchesAny } from "./pattern.ts";

const read = {
  eventSource: "secretsmanager.amazonaws.com",
  eventName: "GetSecretValue",
  readOnly: true,
};
const secretName = "rds!db-4d1e7a90-6b3c-4f58-9a2d-8c5e0f1b7d36";
const secretArn = `arn:aws:secretsmanager:ap-southeast-2:111122223333:secret:${secretName}-Xy12Za`;

export const secretAccess: TrailDetection = {
  id: "secret-access",
  title: "Somebody read the database's master secret",
  severity: "high",
  tactic: "credential access",
  source: "trail",
  // A caller may name the secret by its ARN, by a part of it or by its name; all of them hold the name,
  // and RDS names each secret that it manages like this. BatchGetSecretValue leaves a GetSecretValue for
  // each secret that it reads.
  pattern: () =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "secretsmanager.amazonaws.com"),
        matchesAny("$.eventName", "GetSecretValue"),
        matchesAny("$.requestParameters.secretId", "*rds!db-*"),
      ),
    ),
  expectedCallers: ({ executionRoleArn }) => ({ roles: [executionRoleArn] }),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "With the master secret one signs in to the database as its owner: past the service, its Keys and its log. Only the role that starts the tasks has to read it, for the migrations.",
  falsePositives: [
    "An administrator who repairs the database by hand: planned, and by somebody whom you know. Rotate the secret afterwards.",
    "Another database of this account, whose secret RDS manages too: exclude the role that reads it.",
  ],
  runbook: [
    "Run the query: who read which secret, from where.",
    "Not planned: rotate it at once (`aws secretsmanager rotate-secret`). The service does not notice: it signs in by IAM.",
    "Look in the database's log for sessions of cipherwatch_admin since then. Records can be copied or deleted there; without the KMS key and the caller's Key none can be read.",
    "Take the caller's access to the secret away.",
  ],
  insightsQuery: ({ executionRoleName }) =>
    [
      "fields eventTime, userIdentity.arn, sourceIPAddress, userAgent, requestParameters.secretId, errorCode",
      `filter eventName = "GetSecretValue" and requestParameters.secretId like "rds!db-" and coalesce(userIdentity.sessionContext.sessionIssuer.userName, "") != "${executionRoleName}"`,
    ].join(" | "),
  mustFire: [
    {
      name: "an administrator reads it",
      record: managementEvent(administrator, {
        ...read,
        requestParameters: { secretId: secretArn },
      }),
    },
    {
      name: "a user reads it by its name",
      record: managementEvent(user, { ...read, requestParameters: { secretId: secretName } }),
    },
    {
      name: "the running service reads it, which it never does",
      record: managementEvent(service, {
        ...read,
        requestParameters: { secretId: secretArn, versionStage: "AWSCURRENT" },
      }),
    },
  ],
  mustNotFire: [
    {
      name: "a task starts, and its migrations get the secret",
      record: managementEvent(executionRoleSession, {
        ...read,
        requestParameters: { secretId: secretArn },
      }),
    },
    {
      name: "somebody reads another secret",
      record: managementEvent(administrator, {
        ...read,
        requestParameters: { secretId: "orders/payment-provider" },
      }),
    },
    {
      name: "somebody looks at it without its value",
      record: managementEvent(administrator, {
        ...read,
        eventName: "DescribeSecret",
        requestParameters: { secretId: secretArn },
      }),
    },
  ],
};
