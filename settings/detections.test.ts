import { expect, test } from "vitest";
import { settings } from "./detections.ts";
import { problemsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  detections: [
    "DETECTIONS",
    "kms-errors, kms-outsider",
    ["kms-errors", "kms-outsider"],
    {
      "kms-errors,kms-outsiders": /"kms-outsiders"; did you mean kms-outsider\?/,
      "cis-root-use": /no detection "cis-root-use"/,
    },
  ],
  cisPack: ["CIS_PACK", "true", true, { level2: /neither true nor false/ }],
  thresholds: [
    "THRESHOLDS",
    "kms-errors=5",
    { "kms-errors": 5 },
    {
      "kms-errors": /kms-errors has no number/,
      "kms-errors=": /kms-errors has ""/,
      "kms-errors=0": /kms-errors has "0"/,
      "kms-errors=5=6": /kms-errors has "5=6"/,
      "kms-errors=2,kms-errors=3": /twice/,
      "kms-error=5": /no detection "kms-error"; did you mean kms-errors\?/,
    },
  ],
  periods: [
    "PERIODS",
    "kms-volume=3600,decrypt-denied=30",
    { "kms-volume": 3600, "decrypt-denied": 30 },
    {
      "kms-errors=90": /multiple of 60/,
      "kms-errors=10": /one point a minute/,
      "kms-outsider=43200": /15 periods.+43200 is more than 40320/,
    },
  ],
  anomalyDeviations: [
    "ANOMALY_DEVIATIONS",
    "kms-volume=2.5",
    { "kms-volume": 2.5 },
    {
      "kms-volume=0": /kms-volume has "0"/,
      "kms-errors=3": /no detection with an anomaly alarm "kms-errors"/,
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
      "decrypt-denied=config.amazonaws.com": /detection with a filter/,
      "constructor=config.amazonaws.com": /detection with a filter/,
    },
  ],
});

test("an unknown detection lists the known ones", () => {
  expect(problemsOf({ THRESHOLDS: "kms-error=5" })[0]?.allowed).toMatch(/kms-errors/);
});

test("each wrong item of a list is told", () => {
  expect(problemsOf({ THRESHOLDS: "kms-errors=0,kms-volume" })).toMatchObject([
    { wrong: 'kms-errors has "0"' },
    { wrong: "kms-volume has no number" },
  ]);
});

test("exclusions that make a pattern too long are refused before AWS does", () => {
  const EXCLUSIONS = Array.from(
    { length: 4 },
    (_, at) => `ecs-change=arn:aws:iam::111122223333:role/Deployer${at}`,
  ).join(",");
  expect(problemsOf({ EXCLUSIONS })).toMatchObject([
    {
      variable: "CIPHERWATCH_EXCLUSIONS",
      wrong: expect.stringMatching(/filter pattern of ecs-change has 1\d{3} characters$/),
      allowed: expect.stringMatching(/at most 1024/),
      next: expect.stringMatching(/ends with \*/),
    },
  ]);
});
