import { expect, test } from "vitest";
import { currentGenerationOf, settings } from "./keys-and-logs.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  currentKeyGeneration: [
    "CURRENT_KEY_GENERATION",
    "1",
    1,
    { "1.5": /^must be an integer$/, old: /^must be a number$/ },
  ],
  keyGenerations: [
    "KEY_GENERATIONS",
    "1, 2",
    [1, 2],
    {
      0: /^must be numbers of 1 and above$/,
      "2,1": /^must be in ascending order, each number once$/,
      "1,1": /^must be in ascending order, each number once$/,
      "1,2,3,4": /^must be at most 3 generations$/,
      first: /^must be numbers, separated by commas$/,
    },
  ],
  customerManagedKeys: [
    "CUSTOMER_MANAGED_KEYS",
    "records",
    "records",
    { none: /^is not a valid choice$/ },
  ],
  keyRotationDays: [
    "KEY_ROTATION_DAYS",
    "90",
    90,
    { 2561: /^must be an integer between 90 and 2560$/, "100.5": /^must be an integer/ },
  ],
  keyDeletionDays: [
    "KEY_DELETION_DAYS",
    "14",
    14,
    { 6: /between 7 and 30$/, 31: /between 7 and 30$/ },
  ],
  logRetentionDays: [
    "LOG_RETENTION_DAYS",
    "731",
    731,
    { 100: /^is not a retention period that CloudWatch offers$/, soon: /^must be a number$/ },
  ],
  trailRetentionDays: [
    "TRAIL_RETENTION_DAYS",
    "400",
    400,
    { soon: /^must be an integer between 1 and 3653$/ },
  ],
  trailLockDays: ["TRAIL_LOCK_DAYS", "30", 30, { "-1": /^must be an integer between 0 and 3653$/ }],
});

test("encrypts with the newest key, unless another of the generations is set", () => {
  const currentOf = (variables: Readonly<Record<string, string>>) =>
    currentGenerationOf(settingsOf(variables));
  expect(currentOf({})).toBe(1);
  expect(currentOf({ KEY_GENERATIONS: "1,2" })).toBe(2);
  expect(currentOf({ KEY_GENERATIONS: "1,2", CURRENT_KEY_GENERATION: "1" })).toBe(1);
  expect(issuesOf({ CURRENT_KEY_GENERATION: "2" })).toMatchObject([
    { message: "is 2, which is not in CIPHERWATCH_KEY_GENERATIONS" },
  ]);
});

test("requires customer managed keys for all data in prod", () => {
  expect(issuesOf({ ENV: "prod", CUSTOMER_MANAGED_KEYS: "records" })).toMatchObject([
    {
      variable: "CIPHERWATCH_CUSTOMER_MANAGED_KEYS",
      message: expect.stringMatching(/^must be all in prod: .* no key policy would separate/),
      allowed: "all, in prod",
    },
  ]);
});

test("lists the log retentions that CloudWatch offers", () => {
  expect(issuesOf({ LOG_RETENTION_DAYS: "100" })[0]?.allowed).toMatch(/ 90, 120, /);
});

test("accepts 0 for no lock, in prod too", () => {
  expect(settingsOf({ ENV: "prod", TRAIL_LOCK_DAYS: "0" }).trailLockDays).toBe(0);
});

test("rejects a lock that outlasts the files, with both numbers", () => {
  expect(issuesOf({ TRAIL_LOCK_DAYS: "91" })).toMatchObject([
    {
      variable: "CIPHERWATCH_TRAIL_LOCK_DAYS",
      message: "would lock the trail's files for 91 days, but they are kept for only 90",
    },
  ]);
});
