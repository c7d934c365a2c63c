import { expect, test } from "vitest";
import type { AlarmBase } from "../../cloudwatch/alarm/alarm.ts";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { managementEvent, onKey, roleSession } from "../../detections/example-events.ts";
import type { ReplayedDetections } from "./detections.ts";
import { keyListDetections } from "./key-list.ts";
import { synthesizedDetections } from "./synthesized.ts";

const KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815";
const ROLE = "arn:aws:iam::111122223333:role/payments-api";
const environment = {
  CIPHERWATCH_MONITORED_KEYS: JSON.stringify([{ name: "payments", key: KEY, roles: [ROLE] }]),
};

const { detections: replayed, archive } = synthesizedDetections(environment, {});

test("replays the detections on the keys of the settings instead of the service's", () => {
  const ids = replayed.detections.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["key-outsider-payments", "trail-change"]));
  expect(ids).not.toContain("kms-outsider");
  expect(replayed.detections.flatMap(({ unbound }) => unbound)).toEqual([]);
  // This alarm would report the time before the first file, which has no events.
  expect(replayed.notReplayed.map(({ alarm }) => alarm)).toContain(
    "cipherwatch-watch-dev-kms-silent",
  );
  expect(archive.location).toMatch(/^s3:\/\/cipherwatch-watch-dev-trail-111122223333-/);

  const outsider = replayed.detections.find(({ id }) => id === "key-outsider-payments");
  const patterns = outsider?.filters.map((index) =>
    parsePattern(replayed.filters[index]?.pattern ?? ""),
  );
  const counts = (role: string) => {
    const call = { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true };
    const record = managementEvent(roleSession(role, "session"), { ...call, ...onKey(KEY) });
    return patterns?.some((pattern) => matches(pattern, JSON.stringify(record)));
  };
  expect(counts("payments-api")).toBe(false);
  expect(counts("reporting")).toBe(true);
});

test("rejects ARNs of the service's role and key together with monitored keys", () => {
  expect(() => synthesizedDetections(environment, { roleArn: ROLE })).toThrow(
    /CIPHERWATCH_MONITORED_KEYS lists other keys and their roles/,
  );
});

test("replays the same detections for a list of keys without CDKTF", () => {
  const listed = keyListDetections(environment.CIPHERWATCH_MONITORED_KEYS);
  const rename = (text: string) =>
    text.replaceAll(/\bkey\/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/g, (id) =>
      KEY.endsWith(id) ? id : "key/assigned-by-aws",
    );
  const byName = ({ name: a }: { name: string }, { name: b }: { name: string }) => (a < b ? -1 : 1);
  // Actions and ARNs exist only in a deployment.
  const comparable = ({ filters, detections, composites }: ReplayedDetections) => ({
    filters: filters
      .toSorted(byName)
      .map((filter) => ({ ...filter, pattern: rename(filter.pattern) })),
    detections: detections
      .map(({ id, filters: indices, alarms, unbound }) => ({
        name: id,
        filters: indices.map((index) => filters[index]?.name).sort(),
        alarms: alarms.map(withoutActions),
        unbound,
      }))
      .toSorted(byName),
    composites: composites.map(withoutActions),
  });
  expect(listed.detections.length).toBeGreaterThan(5);
  // Of an alarm that fires without events.
  const isDetection = ({ name }: { name: string }) => !name.endsWith("kms-events");
  const { filters, detections: ids, ...rest } = comparable(replayed);
  expect(comparable(listed)).toEqual({
    ...rest,
    filters: filters.filter(isDetection),
    detections: ids.filter(isDetection),
  });
});

const withoutActions = <Alarm extends AlarmBase>(alarm: Alarm) => ({
  ...alarm,
  arn: "",
  ...{ alarmActions: [], okActions: [], insufficientDataActions: [] },
});

test.each([
  ["", "--keys is empty"],
  ["[]", /^--keys: lists no key\nAllowed: JSON such as/],
  ["missing.json", /^--keys: is not a file that can be read: ENOENT/],
  [
    `[{"name":"a","key":"${KEY}","roles":["payments-api"]}]`,
    /^--keys: entry 1 \(a\).* must be the ARN of a role/,
  ],
])("rejects the list of keys %j, naming the option", (list, message) => {
  expect(() => keyListDetections(list)).toThrow(message);
});
