import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsConfig,
  deployer,
  exampleEvent,
  exampleScope,
  onKey,
  otherKeyArn,
  user,
} from "./example-events.ts";
import { allOf, anyOf, jsonPattern, matchesAny, RESOURCE_ARN } from "./pattern.ts";
import type { DetectionScope } from "./scope.ts";

/**
 * Excludes calls that do not weaken a key: enabling rotation, changing its description or tags. A replica in
 * another Region has a key policy of its own.
 */
export const KEY_CHANGES = [
  "DisableKey",
  "ScheduleKeyDeletion",
  "PutKeyPolicy",
  "CreateGrant",
  "RetireGrant",
  "RevokeGrant",
  "DisableKeyRotation",
  "ReplicateKey",
  "UpdatePrimaryRegion",
];

function pairs<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  return items.flatMap((_, index) => (index % 2 === 0 ? [items.slice(index, index + 2)] : []));
}

/** AWS services that call whatever their user tells them to call, with the user's permissions. */
const RELAYS = ["ssm.", "states.", "scheduler.", "cloudformation."];

const isGrant = (eventName: string) => eventName.endsWith("Grant");

/** Matches changes of a key, without the grants that AWS services create and retire for volumes, databases and the like. */
export const changesExceptServiceGrants = (changes: readonly string[]): string =>
  anyOf(
    ...changes.filter((name) => !isGrant(name)).map((name) => matchesAny("$.eventName", name)),
    `(${allOf(
      matchesAny("$.eventName", "*Grant"),
      anyOf(
        "$.userIdentity.invokedBy NOT EXISTS",
        ...RELAYS.map((service) => matchesAny("$.userIdentity.invokedBy", `${service}*`)),
      ),
    )})`,
  );

/** The same as members of an EventBridge pattern. */
export const eventsExceptServiceGrants = (changes: readonly string[]) => ({
  $or: [
    { eventName: changes.filter((name) => !isGrant(name)) },
    {
      eventName: changes.filter(isGrant),
      userIdentity: {
        invokedBy: [{ exists: false }, ...RELAYS.map((service) => ({ prefix: service }))],
      },
    },
  ],
});

const change = { eventSource: "kms.amazonaws.com", readOnly: false };
const { keyArn, trailKeyArn, topicKeyArn, storageKeyArns } = exampleScope;

const STORAGE = ["the database", "the master secret", "the images", "the flow log"];

/** The service's key, and the keys without which no detection notifies, if they are known and not of AWS. */
const monitoringKeys = ({ keyArn, trailKeyArn, topicKeyArn }: DetectionScope) =>
  [keyArn, trailKeyArn, topicKeyArn].filter((arn) => arn !== undefined);

export const kmsKeyChange: TrailDetection = {
  id: "kms-key-change",
  title: "A KMS key was disabled, or access to it was changed",
  severity: "critical",
  tactic: "impact",
  source: "trail",
  // Matches the service's key, and the keys of the trail and the alarms, which detection depends on. The record
  // of a denied change does not contain the key's ARN.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "kms.amazonaws.com"),
        matchesAny("$.eventName", ...KEY_CHANGES),
        anyOf(...monitoringKeys(scope).map((keyArn) => matchesAny(RESOURCE_ARN, keyArn))),
      ),
    ),
  // The keys of the database, its secret, the images and the flow log. A pattern has room for three keys: each
  // takes one of three wildcard selectors. Previous keys of the records have a pattern of their own.
  furtherPatterns: ({ storageKeyArns, previousKeyArns }) => {
    const changesOf = (keyArns: readonly string[], changes: string) =>
      jsonPattern(
        allOf(
          matchesAny("$.eventSource", "kms.amazonaws.com"),
          changes,
          matchesAny(RESOURCE_ARN, ...keyArns),
        ),
      );
    return [
      ...pairs(storageKeyArns).map((keyArns) =>
        changesOf(keyArns, changesExceptServiceGrants(KEY_CHANGES)),
      ),
      ...(previousKeyArns.length > 0
        ? [changesOf(previousKeyArns, matchesAny("$.eventName", ...KEY_CHANGES))]
        : []),
    ];
  },
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  changeNotification: {
    detail: (scope) => ({
      eventSource: ["kms.amazonaws.com"],
      eventName: KEY_CHANGES,
      resources: { ARN: [...monitoringKeys(scope), ...scope.previousKeyArns] },
    }),
  },
  why: "All records are lost once the deletion of the service's key completes. Without the keys of the trail and the alarms, later events go unnoticed. A new policy, grant or replica can let another caller decrypt.",
  falsePositives: [
    "A deployment changed a key policy: PutKeyPolicy by the deploy role at the time of the deployment. The first deployment of a replica calls ReplicateKey.",
    "AWS services create and retire grants on keys that they use, but not on the keys of the records, the trail and the alarms, and on the others these are not counted. Services that call what their user tells them to, such as Systems Manager and CloudFormation, do count.",
  ],
  runbook: [
    "Run the query to see which key was changed, and by whom.",
    "Unplanned DisableKey or ScheduleKeyDeletion: run `aws kms cancel-key-deletion --key-id ARN`, then `enable-key`, at once. Nothing is lost during the waiting period.",
    "PutKeyPolicy, CreateGrant or ReplicateKey: compare with the stacks (`npm run diff kms`), undo it, and check kms-outsider for uses since then.",
    "Revoke the caller's access before you contact them.",
  ],
  insightsQuery: () =>
    [
      "fields eventTime, eventName, resources.0.ARN, userIdentity.arn, sourceIPAddress, eventID, errorCode",
      `filter eventSource = "kms.amazonaws.com" and eventName in ${JSON.stringify(KEY_CHANGES)}`,
      "sort eventTime desc",
    ].join(" | "),
  mustFire: [
    exampleEvent("a user schedules the deletion of the service's key", user, {
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
    exampleEvent(
      "an administrator disables the service's key by its ID, which the record resolves to the ARN",
      administrator,
      {
        ...change,
        eventName: "DisableKey",
        ...onKey(keyArn, { keyId: "1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63" }),
        responseElements: { keyId: keyArn },
      },
    ),
    exampleEvent("the pipeline changes the key policy", deployer, {
      ...change,
      eventName: "PutKeyPolicy",
      ...onKey(keyArn, { keyId: keyArn, policyName: "default" }),
      responseElements: { keyId: keyArn },
    }),
    exampleEvent(
      "an administrator grants another account's role access to the service's key",
      administrator,
      {
        ...change,
        eventName: "CreateGrant",
        ...onKey(keyArn, {
          keyId: keyArn,
          granteePrincipal: "arn:aws:iam::444455556666:role/eve",
          operations: ["Decrypt"],
        }),
        responseElements: { keyId: keyArn },
      },
    ),
    exampleEvent("an administrator disables the rotation of the service's key", administrator, {
      ...change,
      eventName: "DisableKeyRotation",
      ...onKey(keyArn),
      responseElements: { keyId: keyArn },
    }),
    exampleEvent("an administrator replicates the service's key to another Region", administrator, {
      ...change,
      eventName: "ReplicateKey",
      ...onKey(keyArn, {
        keyId: keyArn,
        replicaRegion: "eu-west-1",
        bypassPolicyLockoutSafetyCheck: false,
        description: "",
      }),
    }),
    exampleEvent(
      "an administrator makes a replica of the service's key the primary key",
      administrator,
      {
        ...change,
        eventName: "UpdatePrimaryRegion",
        ...onKey(keyArn, { keyId: keyArn, primaryRegion: "eu-west-1" }),
      },
    ),
    exampleEvent("a user disables the trail's key, which stops the trail", user, {
      ...change,
      eventName: "DisableKey",
      ...onKey(trailKeyArn),
      responseElements: { keyId: trailKeyArn },
    }),
    exampleEvent("a user disables the alarms' key, which stops notifications", user, {
      ...change,
      eventName: "DisableKey",
      ...onKey(topicKeyArn),
      responseElements: { keyId: topicKeyArn },
    }),
    ...storageKeyArns.map((arn, index) =>
      exampleEvent(`a user disables the key of ${STORAGE[index]}`, user, {
        ...change,
        eventName: "DisableKey",
        ...onKey(arn),
        responseElements: { keyId: arn },
      }),
    ),
    // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    exampleEvent(
      "a user schedules the deletion of the database's key through Systems Manager Automation",
      { ...user, invokedBy: "ssm.amazonaws.com" },
      { ...change, eventName: "ScheduleKeyDeletion", ...onKey(storageKeyArns[0] ?? "") },
    ),
    exampleEvent(
      "a user revokes the grant of RDS on the database's key through Step Functions",
      { ...user, invokedBy: "states.amazonaws.com" },
      { ...change, eventName: "RevokeGrant", ...onKey(storageKeyArns[0] ?? "") },
    ),
  ],
  mustNotFire: [
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
    ...storageKeyArns.slice(0, 1).map((arn) =>
      exampleEvent(
        "RDS creates a grant for the database",
        { ...deployer, invokedBy: "rds.amazonaws.com" },
        {
          ...change,
          eventName: "CreateGrant",
          ...onKey(arn, { keyId: arn, granteePrincipal: "rds.ap-southeast-2.amazonaws.com" }),
        },
      ),
    ),
    exampleEvent("an administrator disables another key", administrator, {
      ...change,
      eventName: "DisableKey",
      ...onKey(otherKeyArn),
    }),
    exampleEvent("the pipeline enables the rotation of the service's key", deployer, {
      ...change,
      eventName: "EnableKeyRotation",
      ...onKey(keyArn, { keyId: keyArn, rotationPeriodInDays: 365 }),
    }),
    exampleEvent("AWS Config reads the rotation status of the service's key", awsConfig, {
      ...change,
      eventName: "GetKeyRotationStatus",
      readOnly: true,
      ...onKey(keyArn),
    }),
  ],
};
