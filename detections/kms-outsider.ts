import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsConfig,
  awsService,
  exampleEvent,
  exampleScope,
  managementEvent,
  onDataKey,
  onKey,
  otherKeyArn,
  serviceDecryptEvent,
  serviceEncryptEvent,
  user,
} from "./example-events.ts";
import { keyUse, SYMMETRIC_USES } from "./key-use.ts";
import { allOf, anyOf, CALLER_ROLE_ARN, jsonPattern, matchesNone, mentionsAny } from "./pattern.ts";
import { type DetectionScope, serviceKeyArns } from "./scope.ts";

function exceptRewrappingQuery({ rewrapRoleArn }: DetectionScope): string {
  return rewrapRoleArn === undefined
    ? ""
    : ` and (eventName != "ReEncrypt" or coalesce(userIdentity.sessionContext.sessionIssuer.arn, "") != "${rewrapRoleArn}")`;
}

/** Excludes the calls that the rewrap worker makes. */
function exceptRewrapping({ rewrapRoleArn }: DetectionScope): readonly string[] {
  if (rewrapRoleArn === undefined) return [];
  return [anyOf('$.eventName != "ReEncrypt"', matchesNone(CALLER_ROLE_ARN, rewrapRoleArn))];
}

const use = { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true };

export const kmsOutsider: TrailDetection = {
  id: "kms-outsider",
  title: "A caller other than the service used its KMS key",
  severity: "critical",
  tactic: "collection",
  source: "trail",
  // Counts all uses, successful or not. AWS Config and inventory tools only describe keys. The rewrap worker may
  // only re-encrypt.
  pattern: (scope) =>
    jsonPattern(allOf(keyUse(serviceKeyArns(scope), SYMMETRIC_USES), ...exceptRewrapping(scope))),
  expectedCallers: ({ serviceRoleArn }) => ({ roles: [serviceRoleArn] }),
  threshold: 1,
  period: 60,
  // Stay in ALARM for 15 minutes, so that the composite alarm can combine it with other signs of an
  // attack: CloudTrail delivers records minutes later and out of order.
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "The key policy allows only the service. Somebody changed the policy, holds a grant, or belongs to another account that was given access. Treat everything that this caller decrypted as disclosed.",
  falsePositives: [
    "A planned restore or migration decrypts records with a separate role that you know.",
    "An AWS service was given access to the key, for example for backups: the record names it in invokedBy.",
  ],
  runbook: [
    "Run the query to see who used the key, for which operation, and from where.",
    "Restore the key policy from the stacks (`npm run diff kms`, then `npm run deploy kms`), and retire unknown grants (`aws kms list-grants --key-id ARN`).",
    "Disable the caller's access keys, or revoke the role's sessions.",
    "The encryption context of each Decrypt identifies a record. Treat these records as disclosed: notify their owners, and encrypt them again.",
  ],
  insightsQuery: (scope) =>
    [
      "fields eventTime, eventName, errorCode, userIdentity.arn, userIdentity.invokedBy, sourceIPAddress, requestParameters.encryptionContext.record, eventID",
      `filter ${mentionsAny(serviceKeyArns(scope))} and eventName like /crypt|GenerateDataKey/ and coalesce(userIdentity.sessionContext.sessionIssuer.userName, "") != "${scope.serviceRoleName}"${exceptRewrappingQuery(scope)}`,
    ].join(" | "),
  mustFire: [
    {
      name: "a user decrypts with the service's key",
      record: managementEvent(user, { ...use, ...onDataKey }),
      alsoFires: ["kms-volume"],
    },
    exampleEvent("an administrator generates a data key", administrator, {
      ...use,
      eventName: "GenerateDataKeyWithoutPlaintext",
      ...onDataKey,
    }),
    {
      name: "another account decrypts with the service's key; the record has no ARN and no session",
      record: managementEvent(
        { type: "AWSAccount", principalId: "AROAEXAMPLEOTHER00001:eve", accountId: "444455556666" },
        { ...use, ...onDataKey, sharedEventID: "3b8a6f0e-5c2d-4e19-8a7b-0d1c2e3f4a5b" },
      ),
      alsoFires: ["kms-volume"],
    },
    exampleEvent(
      "a user re-encrypts a ciphertext under another key; the service's key is the second resource",
      user,
      {
        ...use,
        eventName: "ReEncrypt",
        requestParameters: {
          sourceKeyId: exampleScope.keyArn,
          destinationKeyId: otherKeyArn,
          sourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
          destinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
        },
        resources: [
          { accountId: "111122223333", type: "AWS::KMS::Key", ARN: otherKeyArn },
          { accountId: "111122223333", type: "AWS::KMS::Key", ARN: exampleScope.keyArn },
        ],
      },
    ),
    exampleEvent("a user tries to decrypt ciphertexts of another key", user, {
      ...use,
      errorCode: "IncorrectKeyException",
      errorMessage:
        "The key ID in the request does not identify a CMK that can perform this operation.",
      ...onDataKey,
    }),
  ],
  mustNotFire: [
    {
      name: "the service decrypts a record",
      record: serviceDecryptEvent,
      alsoFires: ["kms-volume"],
    },
    { name: "the service encrypts a record", record: serviceEncryptEvent },
    exampleEvent("AWS Config describes the service's key", awsConfig, {
      ...use,
      eventName: "DescribeKey",
      ...onKey(exampleScope.keyArn),
    }),
    exampleEvent("an administrator reads the key policy", administrator, {
      ...use,
      eventName: "GetKeyPolicy",
      ...onKey(exampleScope.keyArn, { keyId: exampleScope.keyArn, policyName: "default" }),
    }),
    exampleEvent(
      "an AWS service uses another key",
      awsService("rds.amazonaws.com", "AWSServiceRoleForRDS"),
      {
        ...use,
        ...onKey(otherKeyArn),
      },
    ),
  ],
};
