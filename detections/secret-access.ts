import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsService,
  exampleEvent,
  executionRoleSession,
  service,
  user,
} from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny } from "./pattern.ts";

const read = {
  eventSource: "secretsmanager.amazonaws.com",
  eventName: "GetSecretValue",
  readOnly: true,
};
/** Give others access to the secret, or replace or destroy it. RotateSecret is missing: the runbook asks for it. */
const CHANGES = [
  "PutResourcePolicy",
  "ReplicateSecretToRegions",
  "UpdateSecret",
  "PutSecretValue",
  "DeleteSecret",
];

const secretName = "rds!db-4d1e7a90-6b3c-4f58-9a2d-8c5e0f1b7d36";
const secretArn = `arn:aws:secretsmanager:ap-southeast-2:111122223333:secret:${secretName}-Xy12Za`;

export const secretAccess: TrailDetection = {
  id: "secret-access",
  title: "Somebody read the database's master secret, or opened access to it",
  severity: "high",
  tactic: "credential access",
  source: "trail",
  // Callers can pass the secret's ARN, a partial ARN or its name. All contain the name, and RDS gives each
  // secret that it manages a name like this. BatchGetSecretValue may find secrets with filters; AWS does not
  // document that each secret is then recorded, so any filter counts.
  pattern: () =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "secretsmanager.amazonaws.com"),
        anyOf(
          `(${allOf(
            matchesAny("$.eventName", "GetSecretValue", ...CHANGES),
            matchesAny("$.requestParameters.secretId", "*rds!db-*"),
          )})`,
          `(${allOf(
            matchesAny("$.eventName", "BatchGetSecretValue"),
            anyOf(
              matchesAny("$.requestParameters.secretIdList[*]", "*rds!db-*"),
              matchesAny("$.requestParameters.filters[*].key", "*"),
            ),
          )})`,
        ),
      ),
    ),
  expectedCallers: ({ executionRoleArn }) => ({
    roles: [executionRoleArn],
    services: ["rds.amazonaws.com"], // creates, rotates and deletes the secret
  }),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "With the master secret, a caller can sign in to the database as its owner and bypass the service, its Keys and its log. Only the execution role needs to read it, for migrations.",
  falsePositives: [
    "A known administrator made a planned manual repair to the database. Rotate the secret afterwards.",
    "Another application reads several of its secrets with a filter: exclude its role.",
    "RDS manages the secret of another database in this account: exclude the role that reads it.",
  ],
  runbook: [
    "Run the query to see who read which secret, and from where.",
    "If it was not planned, rotate the secret at once (`aws secretsmanager rotate-secret`). The service is not affected: it signs in with IAM.",
    "Check the database's log for sessions of cipherwatch_admin since then. They can copy or delete records, but cannot decrypt them without the KMS key and the callers' Keys.",
    "Revoke the caller's access to the secret.",
  ],
  insightsQuery: ({ executionRoleName }) =>
    [
      "fields eventTime, userIdentity.arn, sourceIPAddress, userAgent, eventName, requestParameters.secretId, eventID, errorCode",
      `filter eventSource = "secretsmanager.amazonaws.com" and eventName not like /^(Describe|List)/ and (eventName = "BatchGetSecretValue" or requestParameters.secretId like "rds!db-") and coalesce(userIdentity.sessionContext.sessionIssuer.userName, "") != "${executionRoleName}"`,
    ].join(" | "),
  mustFire: [
    exampleEvent("an administrator reads the secret", administrator, {
      ...read,
      requestParameters: { secretId: secretArn },
    }),
    exampleEvent("a user reads the secret by its name", user, {
      ...read,
      requestParameters: { secretId: secretName },
    }),
    {
      ...exampleEvent(
        "the service's role reads the secret, which the service never does",
        service,
        {
          ...read,
          requestParameters: { secretId: secretArn, versionStage: "AWSCURRENT" },
        },
      ),
      alsoFires: ["service-credentials-outside"],
    },
    // https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
    // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
    exampleEvent("a user reads several secrets at once", user, {
      ...read,
      eventName: "BatchGetSecretValue",
      requestParameters: { secretIdList: ["orders", secretArn] },
    }),
    exampleEvent("a user reads every secret that a filter finds", user, {
      ...read,
      eventName: "BatchGetSecretValue",
      requestParameters: { filters: [{ key: "tag-key", values: ["!none"] }] },
    }),
    exampleEvent("an administrator gives another account access to the secret", administrator, {
      ...read,
      eventName: "PutResourcePolicy",
      readOnly: false,
      requestParameters: { secretId: secretArn, resourcePolicy: "{}" },
    }),
  ],
  mustNotFire: [
    exampleEvent("another application reads several of its secrets at once", administrator, {
      ...read,
      eventName: "BatchGetSecretValue",
      requestParameters: { secretIdList: ["orders/payment-provider", "orders/mail"] },
    }),
    exampleEvent(
      "RDS rotates the secret",
      awsService("rds.amazonaws.com", "AWSServiceRoleForRDS"),
      {
        ...read,
        eventName: "PutSecretValue",
        readOnly: false,
        requestParameters: { secretId: secretArn },
      },
    ),
    exampleEvent("ECS reads the secret for the migrations of a new task", executionRoleSession, {
      ...read,
      requestParameters: { secretId: secretArn },
    }),
    exampleEvent("an administrator reads another secret", administrator, {
      ...read,
      requestParameters: { secretId: "orders/payment-provider" },
    }),
    exampleEvent("an administrator describes the secret", administrator, {
      ...read,
      eventName: "DescribeSecret",
      requestParameters: { secretId: secretArn },
    }),
  ],
};
