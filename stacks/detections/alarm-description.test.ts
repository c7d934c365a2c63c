import { expect, test } from "vitest";
import { alarmDescription } from "./alarm-description.ts";
import type { Detection } from "./detection.ts";
import { exampleWatched } from "./examples.ts";
import { kmsErrors } from "./kms-errors.ts";

function describeAlarm(detection: Detection, threshold = detection.threshold): string {
  return alarmDescription(detection, {
    threshold,
    insightsQuery: detection.insightsQuery(exampleWatched),
    logGroupName: "/cipherwatch/dev/trail",
  });
}

test.each([
  [{ period: 60, evaluationPeriods: 1, datapointsToAlarm: 1 }, "3 or more in a minute."],
  [{ period: 300, evaluationPeriods: 1, datapointsToAlarm: 1 }, "3 or more in 5 minutes."],
  [
    { period: 10, evaluationPeriods: 3, datapointsToAlarm: 2 },
    "3 or more in 10 seconds, in 2 of 3 such periods.",
  ],
])("%j reads as: %s", (window, words) => {
  expect(describeAlarm({ ...kmsErrors, ...window }, 3)).toContain(words);
});

test("a description of 1,024 characters is taken, one of 1,025 says what to shorten by how much", () => {
  const room = 1024 - describeAlarm({ ...kmsErrors, why: "" }).length;
  expect(describeAlarm({ ...kmsErrors, why: "x".repeat(room) })).toHaveLength(1024);
  expect(() => describeAlarm({ ...kmsErrors, why: "x".repeat(room + 1) })).toThrow(
    /kms-errors has 1025 characters; CloudWatch takes at most 1024\. Shorten .+ by 1\./,
  );
});
