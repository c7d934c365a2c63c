import type { ExampleEvent } from "../detection.ts";
import {
  administrator,
  exampleEvent,
  exampleScope,
  onKey,
  otherKeyArn,
  user,
} from "../example-events.ts";
import {
  changesExceptServiceGrants,
  eventsExceptServiceGrants,
  KEY_CHANGES,
} from "../kms-key-change.ts";
import { allOf, anyOf, jsonPattern, matchesAny, RESOURCE_ARN } from "../pattern.ts";
import { EXAMPLE_ACCOUNT, type MonitoringScope } from "../scope.ts";
import { expectedRole, onExampleKey } from "./examples.ts";
import {
  accountsOf,
  arnSuffix,
  arnValue,
  EXAMPLE_KEY,
  isMultiRegion,
  type KeyDetection,
  type MonitoredKey,
} from "./monitored-key.ts";

/** Also changes of imported key material. */
export const APPLICATION_KEY_CHANGES: readonly string[] = [
  ...KEY_CHANGES,
  "ImportKeyMaterial",
  "DeleteImportedKeyMaterial",
];

/** KMS itself deletes imported key material when it expires, which disables the key. */
const KEY_EVENTS = [...APPLICATION_KEY_CHANGES, "DeleteExpiredKeyMaterial"];

/** Disable all keys of a custom key store. The records name the store, and no key. */
const KEY_STORE_CHANGES = [
  "DisconnectCustomKeyStore",
  "UpdateCustomKeyStore",
  "DeleteCustomKeyStore",
];

function changesOfKeyStores(keys: readonly MonitoredKey[]): string {
  return jsonPattern(
    allOf(
      matchesAny("$.eventSource", "kms.amazonaws.com"),
      matchesAny("$.eventName", ...KEY_STORE_CHANGES),
      matchesAny("$.recipientAccountId", ...accountsOf(keys)),
    ),
  );
}

/** CloudWatch accepts three wildcard selectors in a pattern, and each key takes one. */
const KEYS_PER_PATTERN = 3;

const change = { eventSource: "kms.amazonaws.com", readOnly: false };

function changesOf(arnValues: readonly string[]): string {
  return jsonPattern(
    allOf(
      matchesAny("$.eventSource", "kms.amazonaws.com"),
      changesExceptServiceGrants(KEY_EVENTS),
      anyOf(...arnValues.map((value) => matchesAny(RESOURCE_ARN, value))),
    ),
  );
}

const ALIAS_CHANGES = ["UpdateAlias", "DeleteAlias"];

/** The characters of a pattern that conditions on aliases may take, so that exclusions have room. */
const LONGEST_ALIAS_CONDITIONS = 700;

/**
 * Matches changes of the keys' aliases: what an application encrypts under a moved alias is encrypted with a key of
 * somebody else. The record names the alias and its new key, but not the key that it had.
 * https://docs.aws.amazon.com/kms/latest/developerguide/ct-updatealias.html
 */
function changesOfAliases(keys: readonly MonitoredKey[]): readonly string[] {
  const conditions = keys.flatMap((key) =>
    key.aliases.map((alias) => {
      const [, , , region = "", account = ""] = key.arn.split(":");
      return `(${allOf(
        matchesAny("$.requestParameters.aliasName", alias),
        matchesAny("$.recipientAccountId", account),
        ...(isMultiRegion(key) ? [] : [matchesAny("$.awsRegion", region)]),
      )})`;
    }),
  );
  const groups: string[][] = [];
  for (const condition of conditions) {
    const last = groups.at(-1);
    const fits = last && [...last, condition].join(" || ").length <= LONGEST_ALIAS_CONDITIONS;
    if (fits) last.push(condition);
    else groups.push([condition]);
  }
  return groups.map((group) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "kms.amazonaws.com"),
        matchesAny("$.eventName", ...ALIAS_CHANGES),
        anyOf(...group),
      ),
    ),
  );
}

function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return items.flatMap((_, index) =>
    index % size === 0 ? [items.slice(index, index + size)] : [],
  );
}

/** The keys without which no detection notifies, if they are known and not of AWS. */
function monitoringKeys({ trailKeyArn, topicKeyArn }: MonitoringScope): readonly string[] {
  return [trailKeyArn, topicKeyArn].filter((arn) => arn !== undefined);
}

const MUST_FIRE: readonly ExampleEvent[] = [
  ...APPLICATION_KEY_CHANGES.map((eventName) =>
    exampleEvent(`a user calls ${eventName} with the key`, user, {
      ...change,
      eventName,
      ...onKey(EXAMPLE_KEY.arn),
    }),
  ),
  // https://docs.aws.amazon.com/kms/latest/developerguide/ct-deleteexpiredkeymaterial.html
  exampleEvent(
    "KMS deletes imported key material that has expired",
    { accountId: EXAMPLE_ACCOUNT, invokedBy: "AWS Internal" },
    {
      ...change,
      eventName: "DeleteExpiredKeyMaterial",
      eventType: "AwsServiceEvent",
      ...onExampleKey,
      requestParameters: null,
    },
  ),
  // https://docs.aws.amazon.com/kms/latest/APIReference/API_DisconnectCustomKeyStore.html
  ...KEY_STORE_CHANGES.map((eventName) =>
    exampleEvent(`a user calls ${eventName}, which can disable the key`, user, {
      ...change,
      eventName,
      requestParameters: { customKeyStoreId: "cks-1234567890abcdef0" },
    }),
  ),
  exampleEvent(
    "an administrator disables the key through CloudFormation",
    { ...administrator, invokedBy: "cloudformation.amazonaws.com" },
    {
      ...change,
      eventName: "DisableKey",
      ...onKey(EXAMPLE_KEY.arn),
    },
  ),
  exampleEvent("a user disables the trail's key, which stops the trail", user, {
    ...change,
    eventName: "DisableKey",
    ...onKey(exampleScope.trailKeyArn),
  }),
  exampleEvent("a user disables the alarms' key, which stops notifications", user, {
    ...change,
    eventName: "DisableKey",
    ...onKey(exampleScope.topicKeyArn),
  }),
];

const MUST_NOT_FIRE: readonly ExampleEvent[] = [
  exampleEvent(
    "RDS creates a grant for the application's database",
    { ...expectedRole, invokedBy: "rds.amazonaws.com" },
    { ...change, eventName: "CreateGrant", ...onKey(EXAMPLE_KEY.arn) },
  ),
  exampleEvent("an administrator enables the rotation of the key", administrator, {
    ...change,
    eventName: "EnableKeyRotation",
    ...onKey(EXAMPLE_KEY.arn),
  }),
  exampleEvent("an administrator disables another key", administrator, {
    ...change,
    eventName: "DisableKey",
    ...onKey(otherKeyArn),
  }),
];

/** Detects changes of the keys, and of the keys of the trail and the alarms, which detection depends on. */
export function keyChange(keys: readonly MonitoredKey[]): KeyDetection {
  const chunksOfKeys = chunks(keys.map(arnValue), KEYS_PER_PATTERN);
  const patternsOf = (scope: MonitoringScope) => {
    const monitoring = monitoringKeys(scope);
    return monitoring.length === 0 ? chunksOfKeys : [monitoring, ...chunksOfKeys];
  };
  return {
    id: "key-change",
    title: "A monitored KMS key was disabled, or access to it was changed",
    severity: "critical",
    tactic: "impact",
    source: "trail",
    countsAllAccounts: true,
    pattern: (scope) => changesOf(patternsOf(scope)[0] ?? []),
    furtherPatterns: (scope) => [
      ...patternsOf(scope).slice(1).map(changesOf),
      changesOfKeyStores(keys),
      ...changesOfAliases(keys),
    ],
    threshold: 1,
    period: 60,
    evaluationPeriods: 15,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
    statistic: "Sum",
    changeNotification: {
      detail: (scope) => ({
        eventSource: ["kms.amazonaws.com"],
        ...eventsExceptServiceGrants(APPLICATION_KEY_CHANGES),
        resources: {
          ARN: [...monitoringKeys(scope), ...keys.map(arnSuffix)],
        },
      }),
    },
    why: "Once a key's deletion completes, everything that it encrypted is lost. A new policy, grant or replica can let another caller decrypt. Without the keys of the trail and the alarms, later events go unnoticed.",
    falsePositives: [
      "A deployment changed a key policy: PutKeyPolicy by the deploying role at the time of the deployment. Exclude that role if its changes are reviewed.",
      "A planned replica or import of key material, by an administrator that you know.",
    ],
    runbook: [
      "Run the query to see which key was changed, and by whom.",
      "DisableKey or ScheduleKeyDeletion: run `aws kms cancel-key-deletion --key-id ARN`, then `enable-key`, at once. Nothing is lost during the waiting period.",
      "UpdateAlias: point the alias back. DeleteExpiredKeyMaterial: import it again.",
      "PutKeyPolicy, CreateGrant or ReplicateKey: undo it, and check key-outsider for uses since then.",
      "Revoke the caller's access.",
    ],
    insightsQuery: () =>
      [
        "fields eventTime, eventName, resources.0.ARN, userIdentity.arn, sourceIPAddress, eventID, errorCode",
        `filter eventSource = "kms.amazonaws.com" and eventName in ${JSON.stringify([...KEY_EVENTS, ...ALIAS_CHANGES, ...KEY_STORE_CHANGES])}`,
        "sort eventTime desc",
      ].join(" | "),
    mustFire: MUST_FIRE,
    mustNotFire: MUST_NOT_FIRE,
  };
}
