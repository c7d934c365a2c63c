import type { ExampleEvent } from "../detection.ts";
import {
  awsConfig,
  exampleEvent,
  managementEvent,
  onKey,
  otherKeyArn,
  user,
} from "../example-events.ts";
import { keyUse, SYMMETRIC_USES } from "../key-use.ts";
import { allOf, anyOf, jsonPattern, matchesNone } from "../pattern.ts";
import { expectedRole, onExampleKey, unexpectedRole, use } from "./examples.ts";
import { arnValue, type KeyDetection, keyInArn, type MonitoredKey } from "./monitored-key.ts";

/** Also those of HMAC keys and asymmetric keys. `Generate*` includes GenerateDataKey and GenerateMac. */
export const USES: readonly string[] = [
  ...SYMMETRIC_USES.filter((name) => !name.startsWith("Generate")),
  "Generate*",
  "Sign",
  "Verify*",
  "DeriveSharedSecret",
];

/**
 * Excludes services that use the key themselves. A service that uses it for a caller records the caller's session
 * besides its own name, and that caller must be expected.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
 */
function notByServices(services: readonly string[]): readonly string[] {
  if (services.length === 0) return [];
  return [
    anyOf(
      matchesNone("$.userIdentity.type", "AWSService"),
      matchesNone("$.userIdentity.invokedBy", ...services),
    ),
  ];
}

/** Records of the key's account name the account of a caller from elsewhere, but no role and no user. */
function notByAccounts(accounts: readonly string[]): readonly string[] {
  return accounts.length === 0 ? [] : [matchesNone("$.userIdentity.accountId", ...accounts)];
}

/** A role's ARN, which can end with `*`, in a regular expression between slashes. */
function roleRegex(arn: string): string {
  return arn.replaceAll(/[.+/]/g, "\\$&").replace(/\*$/, ".*");
}

const MUST_FIRE: readonly ExampleEvent[] = [
  {
    name: "another role of the account decrypts with the key",
    record: managementEvent(unexpectedRole, { ...use, ...onExampleKey }),
    alsoFires: ["key-volume-payments"],
  },
  exampleEvent("a user generates a data key", user, {
    ...use,
    eventName: "GenerateDataKey",
    ...onExampleKey,
  }),
  exampleEvent("a user signs with the key", user, {
    ...use,
    eventName: "Sign",
    ...onExampleKey,
  }),
  {
    name: "another role reads an object that S3 decrypts for it",
    record: managementEvent(
      { ...unexpectedRole, invokedBy: "s3.amazonaws.com" },
      { ...use, ...onExampleKey },
    ),
    alsoFires: ["key-volume-payments"],
  },
  {
    name: "an unexpected account decrypts with the key",
    record: managementEvent(
      {
        type: "AWSAccount",
        principalId: "AROAEXAMPLEOTHER00001:eve",
        accountId: "999900001111",
      },
      { ...use, ...onExampleKey },
    ),
    alsoFires: ["key-volume-payments"],
  },
  {
    name: "a service that is not expected uses the key for itself",
    record: managementEvent(
      { type: "AWSService", invokedBy: "backup.amazonaws.com" },
      { ...use, ...onExampleKey },
    ),
    alsoFires: ["key-volume-payments"],
  },
  {
    ...exampleEvent("another role tries a ciphertext of another key", unexpectedRole, {
      ...use,
      errorCode: "IncorrectKeyException",
      ...onExampleKey,
    }),
    alsoFires: ["key-errors-payments"],
  },
];

const MUST_NOT_FIRE: readonly ExampleEvent[] = [
  {
    name: "the application decrypts with the key",
    record: managementEvent(expectedRole, { ...use, ...onExampleKey }),
    alsoFires: ["key-volume-payments"],
  },
  {
    name: "the application reads an object that S3 decrypts for it",
    record: managementEvent(
      { ...expectedRole, invokedBy: "s3.amazonaws.com" },
      { ...use, ...onExampleKey },
    ),
    alsoFires: ["key-volume-payments"],
  },
  {
    name: "RDS, which is expected, uses the key for itself",
    record: managementEvent(
      { type: "AWSService", invokedBy: "rds.amazonaws.com" },
      { ...use, ...onExampleKey },
    ),
    alsoFires: ["key-volume-payments"],
  },
  {
    name: "an expected account decrypts with the key",
    record: managementEvent(
      {
        type: "AWSAccount",
        principalId: "AROAEXAMPLEOTHER00001:api",
        accountId: "444455556666",
      },
      { ...use, ...onExampleKey },
    ),
    alsoFires: ["key-volume-payments"],
  },
  exampleEvent("AWS Config describes the key", awsConfig, {
    ...use,
    eventName: "DescribeKey",
    ...onExampleKey,
  }),
  exampleEvent("another role decrypts with another key", unexpectedRole, {
    ...use,
    ...onKey(otherKeyArn),
  }),
];

/** Detects uses of a key by anybody who is not expected to use it. */
export function keyOutsider(key: MonitoredKey): KeyDetection {
  const { name, roles, users, services, accounts } = key;
  return {
    id: `key-outsider-${name}`,
    kind: "key-outsider",
    title: `An unexpected caller used the KMS key ${name}`,
    severity: "critical",
    tactic: "collection",
    source: "trail",
    countsAllAccounts: true,
    // AWS Config and inventory tools only describe keys.
    pattern: () =>
      jsonPattern(
        allOf(
          keyUse([arnValue(key)], USES),
          ...notByServices(services),
          ...notByAccounts(accounts),
        ),
      ),
    expectedCallers: () => ({ roles, callers: users }),
    threshold: 1,
    period: 60,
    // Stay in ALARM for 15 minutes, so that the composite alarm can combine it with other signs of an attack.
    evaluationPeriods: 15,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
    statistic: "Sum",
    why: "A caller that is not on the list of this key used it, successfully or not. Treat what a successful Decrypt returned as disclosed.",
    falsePositives: [
      "A new version of the application runs with another role, or a new application uses the key: add its role to the list.",
      "An AWS service uses the key, for example for backups: the record names it in invokedBy. Add the service if it calls for itself, or the role that it calls for.",
      "A planned migration or restore decrypts with a separate role that you know.",
    ],
    runbook: [
      "Run the query to see who used the key, for which operation, from where, and whether it succeeded.",
      "If the use was planned, add the role to the list of the key, and deploy.",
      "Otherwise disable the caller's access keys, or revoke the role's sessions. Then look for what allowed the use: the key policy, a grant (`aws kms list-grants --key-id ARN`), or a policy of the role.",
      "The encryption context of each Decrypt says which data it was. Treat these data as disclosed.",
    ],
    insightsQuery: () =>
      [
        "fields eventTime, eventName, errorCode, userIdentity.arn, userIdentity.accountId, userIdentity.invokedBy, sourceIPAddress, requestParameters.encryptionContext, eventID",
        `filter eventSource = "kms.amazonaws.com" and @message like "${keyInArn(key)}" and eventName like /crypt|Generate|Sign|Verify|Derive/`,
        ...(roles.length === 0
          ? []
          : [
              `filter coalesce(userIdentity.sessionContext.sessionIssuer.arn, "") not like /^(${roles.map(roleRegex).join("|")})$/`,
            ]),
        "sort eventTime desc",
      ].join(" | "),
    mustFire: MUST_FIRE,
    mustNotFire: MUST_NOT_FIRE,
  };
}
