import { expect, test } from "vitest";
import { settings } from "./detections.ts";
import { issuesOf, testSettings } from "./testing.ts";

testSettings(settings, {
  detections: [
    "DETECTIONS",
    "kms-errors, kms-outsider",
    ["kms-errors", "kms-outsider"],
    {
      "kms-errors,kms-outsiders":
        /^Unknown detection "kms-outsiders"\. Did you mean kms-outsider\?$/,
      "cis-root-use": /^Unknown detection "cis-root-use"/,
      ",": /^has no items$/,
    },
  ],
  cisPack: ["CIS_PACK", "true", true, { level2: /must be true or false/ }],
  thresholds: [
    "THRESHOLDS",
    "kms-errors=5",
    { "kms-errors": 5 },
    {
      "kms-errors": /^has no number for kms-errors$/,
      "kms-errors=": /^has "" for kms-errors, not a number above 0$/,
      "kms-errors=0": /^has "0" for kms-errors/,
      "kms-errors=5=6": /^has "5=6" for kms-errors/,
      "kms-errors=2,kms-errors=3": /^sets kms-errors twice$/,
      "kms-error=5": /^Unknown detection "kms-error"\. Did you mean kms-errors\?$/,
    },
  ],
  periods: [
    "PERIODS",
    "kms-volume=3600,decrypt-denied=30",
    { "kms-volume": 3600, "decrypt-denied": 30 },
    {
      "kms-errors=90": /multiple of 60/,
      "kms-errors=10": /one data point a minute/,
      "kms-outsider=43200":
        /^has 43200 seconds for kms-outsider, but its alarm evaluates 15 periods.+at most 40320$/,
      "quota-exceeded=30": /^has 30 seconds for quota-exceeded, but its alarm evaluates a Metrics/,
      "quota-exceeded=780": /^has 780 seconds for quota-exceeded.+at most 720$/,
    },
  ],
  anomalyDeviations: [
    "ANOMALY_DEVIATIONS",
    "kms-volume=2.5",
    { "kms-volume": 2.5 },
    {
      "kms-volume=0": /^has "0" for kms-volume/,
      "kms-errors=3": /^Unknown detection with an anomaly alarm "kms-errors"/,
    },
  ],
  exclusions: [
    "EXCLUSIONS",
    "kms-outsider=backup.amazonaws.com, kms-outsider=arn:aws:iam::012345678901:role/a=b",
    { "kms-outsider": ["backup.amazonaws.com", "arn:aws:iam::012345678901:role/a=b"] },
    {
      "kms-outsider=Admin": /"Admin" is neither/,
      "kms-outsider=arn:aws:iam::111122223333:role/*": /neither/,
      "kms-outsider=arn:aws:iam::111122223333:role/a*b": /neither/,
      "kms-outsider": /"" is neither/,
      "decrypt-denied=config.amazonaws.com": /^Unknown CloudTrail detection/,
      "constructor=config.amazonaws.com": /^Unknown CloudTrail detection/,
    },
  ],
});

test("lists the known detections for an unknown one", () => {
  expect(issuesOf({ THRESHOLDS: "kms-error=5" })[0]?.allowed).toMatch(/kms-errors/);
});

test("reports every invalid item of a list", () => {
  expect(issuesOf({ THRESHOLDS: "kms-errors=0,kms-volume" })).toMatchObject([
    { message: 'has "0" for kms-errors, not a number above 0' },
    { message: "has no number for kms-volume" },
  ]);
});

test("rejects exclusions that make a filter pattern too long for AWS", () => {
  const EXCLUSIONS = Array.from(
    { length: 4 },
    (_, at) => `ecs-change=arn:aws:iam::111122223333:role/Deployer${at}`,
  ).join(",");
  expect(issuesOf({ EXCLUSIONS })).toMatchObject([
    {
      variable: "CIPHERWATCH_EXCLUSIONS",
      message: expect.stringMatching(/filter pattern of ecs-change too long: 1\d{3} characters$/),
      allowed: expect.stringMatching(/within 1024 characters/),
      next: expect.stringMatching(/ends with \*/),
    },
  ]);
});
