import { expect, test } from "vitest";
import { settings } from "./keys-and-logs.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

testSettings(settings, {
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
