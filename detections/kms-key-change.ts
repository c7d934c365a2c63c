import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsConfig,
  deployer,
  exampleScope,
  managementEvent,
  onKey,
  otherKeyArn,
  user,
} from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny, RESOURCE_ARN } from "./pattern.ts";

/** Rotation on, a description or a tag weakens nothing. */
const CHANGES = [
  "DisableKey",
  "ScheduleKeyDeletion",
  "PutKeyPolicy",
  "CreateGrant",
  "RetireGrant",
  "RevokeGrant",
  "DisableKeyRotation",
];

const change = { eventSource: "kms.amazonaws.com", readOnly: false };
const { keyArn, trailKeyArn, topicKeyArn } = exampleScope;

export const kmsKeyChange: TrailDetection = {
  id: "kms-key-change",
  title: "A key was disabled, or its users were changed",
  severity: "critical",
  tactic: "impact",
  source: "trail",
  // The records' key, and the two without which nobody would hear of it. A change that was denied names
  // no key in its record.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "kms.amazonaws.com"),
        matchesAny("$.eventName", ...CHANGES),
        anyOf(
          matchesAny(RESOURCE_ARN, scope.keyArn),
          matchesAny(RESOURCE_ARN, scope.trailKeyArn),
          matchesAny(RESOURCE_ARN, scope.topicKeyArn),
        ),
      ),
    ),
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  changeNotification: {
    detail: (scope) => ({
      eventSource: ["kms.amazonaws.com"],
      eventName: CHANGES,
      resources: { ARN: [scope.keyArn, scope.trailKeyArn, scope.topicKeyArn] },
    }),
  },
  why: "Without the data key every record is lost, at the latest when its deletion is done; without the trail's key or the alarms' nobody sees or hears what happens next. A new policy or grant lets somebody else decrypt.",
  falsePositives: [
    "A deployment of the stacks that changes a key's policy: PutKeyPolicy by the deploy role, at the time of the deployment.",
    "AWS services make and retire grants on keys they were given; these three keys were given to none that does.",
  ],
  runbook: [
    "Run the query: which key, what, by whom.",
    "DisableKey or ScheduleKeyDeletion that nobody planned: `aws kms cancel-key-deletion` and `aws kms enable-key` at once. Nothing is lost before the waiting period ends.",
    "PutKeyPolicy, CreateGrant: compare with the stacks (`npm run diff kms`), restore the policy, retire the grant, and look for uses of the key since (kms-outsider).",
    "Take the caller's access away before you tell them.",
  ],
  insightsQuery: () =>
    [
      "fields eventTime, eventName, resources.0.ARN, userIdentity.arn, sourceIPAddress, errorCode",
      `filter eventSource = "kms.amazonaws.com" and eventName in ${JSON.stringify(CHANGES)}`,
      "sort eventTime desc",
    ].join(" | "),
  mustFire: [
    {
      name: "somebody schedules the data key's deletion",
      record: managementEvent(user, {
        ...change,
        eventName: "ScheduleKeyDeletion",
        ...onKey(keyArn, { keyId: keyArn, pendingWindowInDays: 7 }),
        responseElements: {
          keyId: keyArn,
          keyState: "PendingDeletion",
          deletionDate: "Mar 9, 2026, 9:14:27 AM",
          pendingWindowInDays: 7,
        },
      }),
    },
    {
      name: "somebody disables it, by its id alone: the record resolves it",
      record: managementEvent(administrator, {
        ...change,
        eventName: "DisableKey",
        ...onKey(keyArn, { keyId: "1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63" }),
        responseElements: { keyId: keyArn },
      }),
    },
    {
      name: "the pipeline changes its policy",
      record: managementEvent(deployer, {
        ...change,
        eventName: "PutKeyPolicy",
        ...onKey(keyArn, { keyId: keyArn, policyName: "default" }),
        responseElements: { keyId: keyArn },
      }),
    },
    {
      name: "a grant on it for another role",
      record: managementEvent(administrator, {
        ...change,
        eventName: "CreateGrant",
        ...onKey(keyArn, {
          keyId: keyArn,
          granteePrincipal: "arn:aws:iam::444455556666:role/eve",
          operations: ["Decrypt"],
        }),
        responseElements: { keyId: keyArn },
      }),
    },
    {
      name: "its rotation is switched off",
      record: managementEvent(administrator, {
        ...change,
        eventName: "DisableKeyRotation",
        ...onKey(keyArn),
        responseElements: { keyId: keyArn },
      }),
    },
    {
      name: "the trail's key is disabled, to blind it",
      record: managementEvent(user, {
        ...change,
        eventName: "DisableKey",
        ...onKey(trailKeyArn),
        responseElements: { keyId: trailKeyArn },
      }),
    },
    {
      name: "the alarms' key is disabled, to silence them",
      record: managementEvent(user, {
        ...change,
        eventName: "DisableKey",
        ...onKey(topicKeyArn),
        responseElements: { keyId: topicKeyArn },
      }),
    },
  ],
  mustNotFire: [
    {
      name: "another key is disabled",
      record: managementEvent(administrator, {
        ...change,
        eventName: "DisableKey",
        ...onKey(otherKeyArn),
      }),
    },
    {
      name: "the data key's rotation is switched on",
      record: managementEvent(deployer, {
        ...change,
        eventName: "EnableKeyRotation",
        ...onKey(keyArn, { keyId: keyArn, rotationPeriodInDays: 365 }),
      }),
    },
    {
      name: "AWS Config reads its rotation",
      record: managementEvent(awsConfig, {
        ...change,
        eventName: "GetKeyRotationStatus",
        readOnly: true,
        ...onKey(keyArn),
      }),
    },
  ],
};
