import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsConfig,
  awsService,
  exampleScope,
  managementEvent,
  onDataKey,
  onKey,
  otherKeyArn,
  serviceDecryptEvent,
  serviceEncryptEvent,
  user,
} from "./example-events.ts";
import { allOf, jsonPattern, matchesAny, RESOURCE_ARN } from "./pattern.ts";

const use = { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true };

export const kmsOutsider: TrailDetection = {
  id: "kms-outsider",
  title: "Somebody other than the service used its key",
  severity: "critical",
  tactic: "collection",
  source: "trail",
  // The uses that a symmetric key has, tried or done: AWS Config and inventories only describe it. An
  // access that the key's policy denied names no key in its record, so it is not seen here; it opened
  // nothing.
  pattern: ({ keyArn }) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "kms.amazonaws.com"),
        matchesAny("$.eventName", "Decrypt", "Encrypt", "ReEncrypt*", "GenerateDataKey*"),
        matchesAny(RESOURCE_ARN, keyArn),
      ),
    ),
  expectedCallers: ({ serviceRoleArn }) => ({ roles: [serviceRoleArn] }),
  threshold: 1,
  period: 60,
  // A quarter of an hour: long enough to meet what else an attacker does, of which the trail tells
  // when it tells.
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "The key's policy admits the service alone, so somebody changed it, holds a grant, or is of another account that was let in. What this caller decrypted must count as read.",
  falsePositives: [
    "A restore or a migration that opens records with a role of its own: planned, and by a role that you know.",
    "An AWS service that was given the key, as for a backup: the record names it in invokedBy.",
  ],
  runbook: [
    "Run the query: who, which operation, from where.",
    "Restore the key's policy from the stacks (`npm run diff kms`, then `npm run deploy kms`) and retire grants that are not yours: `aws kms list-grants`.",
    "Disable the caller's access keys or revoke the role's sessions.",
    "Each Decrypt names its record in the encryption context: these records are disclosed. Tell their owners and seal them anew.",
  ],
  insightsQuery: ({ keyArn, serviceRoleName }) =>
    [
      "fields eventTime, eventName, errorCode, userIdentity.arn, userIdentity.invokedBy, sourceIPAddress, requestParameters.encryptionContext.record",
      `filter @message like "${keyArn}" and eventName like /crypt|GenerateDataKey/ and coalesce(userIdentity.sessionContext.sessionIssuer.userName, "") != "${serviceRoleName}"`,
    ].join(" | "),
  mustFire: [
    {
      name: "a user decrypts with it",
      record: managementEvent(user, { ...use, ...onDataKey }),
      alsoFires: ["kms-volume"],
    },
    {
      name: "an administrator makes a data key under it",
      record: managementEvent(administrator, {
        ...use,
        eventName: "GenerateDataKeyWithoutPlaintext",
        ...onDataKey,
      }),
    },
    {
      name: "another account decrypts with it: no ARN, no session",
      record: managementEvent(
        { type: "AWSAccount", principalId: "AROAEXAMPLEOTHER00001:eve", accountId: "444455556666" },
        { ...use, ...onDataKey, sharedEventID: "3b8a6f0e-5c2d-4e19-8a7b-0d1c2e3f4a5b" },
      ),
      alsoFires: ["kms-volume"],
    },
    {
      name: "somebody moves a ciphertext to a key of theirs: the key is the second resource",
      record: managementEvent(user, {
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
      }),
    },
    {
      name: "somebody tries ciphertexts of another key",
      record: managementEvent(user, {
        ...use,
        errorCode: "IncorrectKeyException",
        errorMessage:
          "The key ID in the request does not identify a CMK that can perform this operation.",
        ...onDataKey,
      }),
    },
  ],
  mustNotFire: [
    { name: "the service opens a record", record: serviceDecryptEvent, alsoFires: ["kms-volume"] },
    { name: "the service seals a record", record: serviceEncryptEvent },
    {
      name: "AWS Config describes the key",
      record: managementEvent(awsConfig, {
        ...use,
        eventName: "DescribeKey",
        ...onKey(exampleScope.keyArn),
      }),
    },
    {
      name: "an administrator reads its policy",
      record: managementEvent(administrator, {
        ...use,
        eventName: "GetKeyPolicy",
        ...onKey(exampleScope.keyArn, { keyId: exampleScope.keyArn, policyName: "default" }),
      }),
    },
    {
      name: "an AWS service uses another key",
      record: managementEvent(awsService("rds.amazonaws.com", "AWSServiceRoleForRDS"), {
        ...use,
        ...onKey(otherKeyArn),
      }),
    },
  ],
};
