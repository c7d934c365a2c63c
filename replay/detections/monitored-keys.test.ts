import { expect, test } from "vitest";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { managementEvent, onKey, roleSession } from "../../detections/example-events.ts";
import { synthesizedDetections } from "./synthesized.ts";

const KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815";
const ROLE = "arn:aws:iam::111122223333:role/payments-api";
const environment = {
  CIPHERWATCH_MONITORED_KEYS: JSON.stringify([{ name: "payments", key: KEY, roles: [ROLE] }]),
};

test("replays the detections on the keys of the settings instead of the service's", () => {
  const { detections: replayed, archive } = synthesizedDetections(environment, {});
  const ids = replayed.detections.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["key-outsider-payments", "trail-change"]));
  expect(ids).not.toContain("kms-outsider");
  expect(replayed.detections.flatMap(({ unbound }) => unbound)).toEqual([]);
  // Before the first file there are no events, which this alarm would report.
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
    /CIPHERWATCH_MONITORED_KEYS names other keys and their roles/,
  );
});
