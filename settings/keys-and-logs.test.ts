import { expect, test } from "vitest";
import { settings } from "./keys-and-logs.ts";
import { problemsOf, settingsOf, testSettings } from "./testing.ts";

const NO_SUCH_NUMBER = /number of days/;

testSettings(settings, {
  keyRotationDays: [
    "KEY_ROTATION_DAYS",
    "90",
    90,
    { 2561: NO_SUCH_NUMBER, "100.5": NO_SUCH_NUMBER },
  ],
  keyDeletionDays: ["KEY_DELETION_DAYS", "14", 14, { 6: NO_SUCH_NUMBER, 31: NO_SUCH_NUMBER }],
  logRetentionDays: [
    "LOG_RETENTION_DAYS",
    "731",
    731,
    { 100: /^CloudWatch offers no such retention$/, soon: /no number/ },
  ],
  trailRetentionDays: ["TRAIL_RETENTION_DAYS", "400", 400, { soon: NO_SUCH_NUMBER }],
  trailLockDays: ["TRAIL_LOCK_DAYS", "30", 30, { "-1": NO_SUCH_NUMBER }],
});

test("a log retention that CloudWatch does not offer lists those that it does", () => {
  expect(problemsOf({ LOG_RETENTION_DAYS: "100" })[0]?.allowed).toMatch(/ 90, 120, /);
});

test("prod does without a lock where that is set, zero being a number", () => {
  expect(settingsOf({ ENV: "prod", TRAIL_LOCK_DAYS: "0" }).trailLockDays).toBe(0);
});

test("a lock that outlasts the files is refused with both numbers", () => {
  expect(problemsOf({ TRAIL_LOCK_DAYS: "91" })).toMatchObject([
    {
      variable: "CIPHERWATCH_TRAIL_LOCK_DAYS",
      wrong: "the trail's files would be locked for 91 days, but kept for 90",
    },
  ]);
});
