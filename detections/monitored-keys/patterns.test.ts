import { describe, expect, test } from "vitest";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { warnings } from "../../cloudwatch/pattern/warnings.ts";
import type { CloudTrailRecord } from "../detection.ts";
import {
  exampleScope,
  managementEvent,
  onKey,
  otherKeyArn,
  roleSession,
  user,
} from "../example-events.ts";
import { filterPatterns } from "../exclusions.ts";
import { detections } from "../index.ts";
import type { MonitoringScope } from "../scope.ts";
import { matchesEventPattern } from "../testing/event-pattern.ts";
import { deniedOnExampleKey, expectedRole, onExampleKey, unexpectedRole, use } from "./examples.ts";
import { keyDetections, monitoringDetections } from "./index.ts";
import { keyChange } from "./key-change.ts";
import { EXAMPLE_KEY, type MonitoredKey } from "./monitored-key.ts";

function patternsOf(keys: readonly MonitoredKey[]) {
  return keyDetections(keys).map((detection) => ({
    id: detection.id,
    patterns: filterPatterns(detection, exampleScope).map(parsePattern),
  }));
}

const ofExampleKey = patternsOf([EXAMPLE_KEY]);

/** Ids of the detections that count a record, sorted. */
function firedBy(record: CloudTrailRecord, all = ofExampleKey): readonly string[] {
  const message = JSON.stringify(record);
  return all
    .filter(({ patterns }) => patterns.some((pattern) => matches(pattern, message)))
    .map(({ id }) => id)
    .sort();
}

describe.each(keyDetections([EXAMPLE_KEY]).map((it) => [it.id, it] as const))("%s", (id, it) => {
  test.each(it.mustFire)("fires: $name", ({ record, alsoFires = [] }) => {
    expect(firedBy(record)).toEqual([id, ...alsoFires].sort());
  });

  test.each(it.mustNotFire)("does not fire: $name", ({ record, alsoFires = [] }) => {
    expect(alsoFires).not.toContain(id);
    expect(firedBy(record)).toEqual([...alsoFires].sort());
  });

  test("uses only documented pattern syntax, within the limit of its length", () => {
    for (const pattern of filterPatterns(it, exampleScope)) {
      expect(warnings(parsePattern(pattern))).toEqual([]);
      expect(pattern.length).toBeLessThanOrEqual(1024);
    }
  });
});

test("finds uses of every replica of a multi-Region key with the saved queries", () => {
  const id = "key/mrk-0123456789abcdef0123456789abcdef";
  const key = { ...EXAMPLE_KEY, arn: `arn:aws:kms:ap-southeast-2:111122223333:${id}` };
  const queries = keyDetections([key])
    .filter(({ kind }) => kind !== undefined)
    .map(({ insightsQuery }) => insightsQuery(exampleScope));
  expect(queries).toHaveLength(3);
  for (const query of queries) expect(query).toContain(`@message like "${id}"`);
});

test.each(["cipherwatch-dev-trail-to-logs", "Cipherwatch-DEV-trail-to-logs"])(
  "detects changes of %s, which has no role-change here",
  (roleName) => {
    const settings = {
      cisPack: false,
      thresholds: {},
      periods: {},
      anomalyDeviations: {},
      exclusions: {},
    };
    const all = monitoringDetections([EXAMPLE_KEY], { ...settings, detections: ["trail-change"] });
    const trailChange = all.find(({ id }) => id === "trail-change");
    const counts = (scope: MonitoringScope) => {
      const record = managementEvent(user, {
        eventSource: "iam.amazonaws.com",
        eventName: "DeleteRolePolicy",
        readOnly: false,
        requestParameters: { roleName, policyName: "write" },
      });
      return (
        trailChange?.source === "trail" &&
        filterPatterns(trailChange, scope)
          .map(parsePattern)
          .filter((pattern) => matches(pattern, JSON.stringify(record))).length
      );
    };
    expect(counts(exampleScope)).toBe(1);
    expect(counts({ ...exampleScope, trailLogGroupName: "org-trail" })).toBe(0);
  },
);

test("detects changes of the keys alone if the trail and the topics have none", () => {
  const keys = Array.from({ length: 4 }, (_, index) => ({
    ...EXAMPLE_KEY,
    name: `key-${index}`,
    arn: EXAMPLE_KEY.arn.replace(/.$/, String(index)),
  }));
  const { trailKeyArn: _trail, topicKeyArn: _topic, ...scope } = exampleScope;
  const keyChange = keyDetections(keys).find(({ id }) => id === "key-change");
  const patterns = keyChange ? filterPatterns(keyChange, scope).map(parsePattern) : [];
  expect(patterns).toHaveLength(4);
  for (const { arn } of keys) {
    const record = managementEvent(user, {
      eventSource: "kms.amazonaws.com",
      eventName: "DisableKey",
      readOnly: false,
      ...onKey(arn),
    });
    const message = JSON.stringify(record);
    expect(patterns.filter((pattern) => matches(pattern, message))).toHaveLength(1);
  }
});

test("counts none of the examples of the service's own detections", () => {
  const records = detections.flatMap((detection) =>
    detection.source === "trail" && !["trail-change", "kms-key-change"].includes(detection.id)
      ? [...detection.mustFire, ...detection.mustNotFire]
      : [],
  );
  expect(records.length).toBeGreaterThan(100);
  expect(
    records.flatMap(({ name, record }) => firedBy(record).map((id) => `${id}: ${name}`)),
  ).toEqual([]);
});

describe("several keys", () => {
  const orders: MonitoredKey = {
    ...EXAMPLE_KEY,
    name: "orders",
    arn: EXAMPLE_KEY.arn.replace("7c1e5d20", "00000000"),
    roles: ["arn:aws:iam::111122223333:role/orders/orders-*"],
  };
  const both = patternsOf([EXAMPLE_KEY, orders]);
  const decrypt = (role: CloudTrailRecord, arn: string) =>
    firedBy(managementEvent(role, { ...use, ...onKey(arn) }), both);
  const ordersRole = roleSession("orders-worker", "job", "/orders/");

  test("expects each role to use its own key only", () => {
    expect(decrypt(ordersRole, orders.arn)).toEqual(["key-volume-orders"]);
    expect(decrypt(ordersRole, EXAMPLE_KEY.arn)).toEqual([
      "key-outsider-payments",
      "key-volume-payments",
    ]);
    expect(decrypt(expectedRole, orders.arn)).toEqual(["key-outsider-orders", "key-volume-orders"]);
  });

  test("detects changes of up to sixteen keys", () => {
    const keys = Array.from({ length: 16 }, (_, index) => ({
      ...EXAMPLE_KEY,
      name: `key-${index}`,
      arn: EXAMPLE_KEY.arn.replace("7c1e5d20", String(index).padStart(8, "0")),
    }));
    const all = patternsOf(keys);
    const change = { eventSource: "kms.amazonaws.com", eventName: "DisableKey", readOnly: false };
    for (const { arn } of keys) {
      expect(firedBy(managementEvent(user, { ...change, ...onKey(arn) }), all)).toEqual([
        "key-change",
      ]);
    }
  });
});

test("counts uses of every replica of a multi-Region key", () => {
  const id = "key/mrk-0123456789abcdef0123456789abcdef";
  const key = { ...EXAMPLE_KEY, arn: `arn:aws:kms:ap-southeast-2:111122223333:${id}` };
  const all = patternsOf([key]);
  const useIn = (region: string, account: string) =>
    firedBy(
      managementEvent(unexpectedRole, {
        ...use,
        ...onKey(`arn:aws:kms:${region}:${account}:${id}`),
      }),
      all,
    );
  expect(useIn("eu-west-1", "111122223333")).toEqual([
    "key-outsider-payments",
    "key-volume-payments",
  ]);
  expect(useIn("eu-west-1", "999900001111")).toEqual([]);
});

test("detects that an alias of a key is moved to another key or deleted, in its account and Region", () => {
  const moved = (more: CloudTrailRecord = {}, aliasName = "alias/payments") =>
    firedBy({
      ...managementEvent(user, { ...use, eventName: "UpdateAlias", readOnly: false }),
      requestParameters: { aliasName, targetKeyId: otherKeyArn },
      resources: [
        { ARN: EXAMPLE_KEY.arn.replace(/key\/.*/, aliasName), type: "AWS::KMS::Key" },
        { ARN: otherKeyArn, type: "AWS::KMS::Key" },
      ],
      ...more,
    });
  expect(moved()).toEqual(["key-change"]);
  expect(moved({ eventName: "DeleteAlias" })).toEqual(["key-change"]);
  expect(moved({}, "alias/other")).toEqual([]);
  expect(moved({ awsRegion: "eu-west-1" })).toEqual([]);
  expect(moved({ recipientAccountId: "999900001111" })).toEqual([]);
});

test("splits the conditions on aliases into patterns that leave room for exclusions", () => {
  const aliases = ["a", "b", "c"].map((name) => `alias/${name.repeat(94)}`);
  const keyChange = keyDetections([{ ...EXAMPLE_KEY, aliases }]).find(
    ({ kind = "" }) => kind === "",
  );
  const patterns = keyChange ? filterPatterns(keyChange, exampleScope) : [];
  for (const alias of aliases) {
    const [pattern = "", ...others] = patterns.filter((text) => text.includes(alias));
    expect(others).toEqual([]);
    expect(pattern.length).toBeLessThan(900);
  }
});

describe("in the trail of an organization", () => {
  const scope = { ...exampleScope, countedAccountIds: ["777788889999"] };
  const all = keyDetections([EXAMPLE_KEY]).map((detection) => ({
    id: detection.id,
    patterns: filterPatterns(detection, scope).map(parsePattern),
  }));
  const ofAccount = (record: CloudTrailRecord, recipientAccountId: string) =>
    firedBy({ ...record, recipientAccountId }, all);

  test("counts a denied call that only the caller's account records", () => {
    const record = managementEvent(unexpectedRole, { ...use, ...deniedOnExampleKey });
    expect(ofAccount(record, "999900001111")).toEqual(["key-errors-payments"]);
  });

  test("counts a Decrypt from another account, which both accounts record, once in the volume", () => {
    const record = managementEvent(unexpectedRole, { ...use, ...onExampleKey });
    expect(ofAccount(record, "111122223333")).toContain("key-volume-payments");
    expect(ofAccount(record, "999900001111")).not.toContain("key-volume-payments");
  });

  test("counts changes of key stores in the accounts of the keys", () => {
    const change = { eventName: "DisconnectCustomKeyStore", readOnly: false };
    const record = managementEvent(user, { ...use, ...change });
    expect(ofAccount(record, "111122223333")).toEqual(["key-change"]);
    expect(ofAccount(record, "777788889999")).toEqual([]);
  });
});

test("expects IAM users, and nobody if no caller is listed", () => {
  const onlyUser = patternsOf([
    { ...EXAMPLE_KEY, roles: [], users: ["arn:aws:iam::111122223333:user/mallory"] },
  ]);
  const nobody = patternsOf([{ ...EXAMPLE_KEY, roles: [], services: [], accounts: [] }]);
  const byUser = managementEvent(user, { ...use, eventName: "Encrypt", ...onExampleKey });
  const byRole = managementEvent(expectedRole, { ...use, eventName: "Encrypt", ...onExampleKey });
  expect(firedBy(byUser, onlyUser)).toEqual([]);
  expect(firedBy(byRole, onlyUser)).toEqual(["key-outsider-payments"]);
  expect(firedBy(byRole, nobody)).toEqual(["key-outsider-payments"]);
});

test("does not count a denied call whose message names no key", () => {
  const record = managementEvent(unexpectedRole, {
    ...use,
    ...deniedOnExampleKey,
    errorMessage: "The ciphertext refers to a customer master key that does not exist.",
  });
  expect(firedBy(record)).toEqual([]);
});

describe("EventBridge", () => {
  const detail = keyChange([EXAMPLE_KEY]).changeNotification?.detail(exampleScope) ?? {};
  const changeThrough = (invokedBy: string | undefined, eventName: string, keyArn: string) =>
    managementEvent(invokedBy === undefined ? user : { ...user, invokedBy }, {
      eventSource: "kms.amazonaws.com",
      eventName,
      readOnly: false,
      ...onKey(keyArn),
    });

  // Without its key, the trail does not deliver the record of the call, so no alarm follows.
  test.each([undefined, "ssm.amazonaws.com", "cloudformation.amazonaws.com"])(
    "reports that the trail's key was disabled, invoked by %s",
    (invokedBy) => {
      const record = changeThrough(invokedBy, "DisableKey", exampleScope.trailKeyArn);
      expect(matchesEventPattern(detail, record)).toBe(true);
    },
  );

  test.each([
    [undefined, true],
    ["states.amazonaws.com", true],
    ["rds.amazonaws.com", false],
  ])("reports a grant invoked by %s: %s", (invokedBy, expected) => {
    const record = changeThrough(invokedBy, "CreateGrant", EXAMPLE_KEY.arn);
    expect(matchesEventPattern(detail, record)).toBe(expected);
  });
});
