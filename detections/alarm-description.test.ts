import { expect, test } from "vitest";
import { alarmDescription, describeAnomalyBand, describeThreshold } from "./alarm-description.ts";
import { anomalyOf, runbookUrl, savedQueryNameOf } from "./cloudwatch-names.ts";
import { cisPack, detections } from "./index.ts";
import { kmsErrors } from "./kms-errors.ts";
import { kmsVolume } from "./kms-volume.ts";
import { createExampleScope } from "./scope.ts";

test.each([
  [{ period: 60, evaluationPeriods: 1, datapointsToAlarm: 1 }, "3 or more in a minute"],
  [{ period: 300, evaluationPeriods: 15, datapointsToAlarm: 1 }, "3 or more in 5 minutes"],
  [
    { period: 10, evaluationPeriods: 3, datapointsToAlarm: 2 },
    "3 or more in 10 seconds, in 2 of 3 such periods",
  ],
])("%j reads as: %s", (window, words) => {
  expect(describeThreshold({ ...kmsErrors, ...window, threshold: 3 })).toBe(words);
});

test("a band reads without a number, for nobody knows it", () => {
  expect(kmsVolume.anomaly && describeAnomalyBand(kmsVolume.anomaly)).toBe(
    "more than usual in 5 minutes, by CloudWatch's model of it, in 2 of 3 such periods",
  );
});

test("a description of 1,024 characters is taken, one of 1,025 says what to shorten by how much", () => {
  const describe = (why: string) =>
    alarmDescription({ ...kmsErrors, why }, "now", { runbook: "there", savedQuery: "here" });
  const room = 1024 - describe("").length;
  expect(describe("x".repeat(room))).toHaveLength(1024);
  expect(() => describe("x".repeat(room + 1))).toThrow(
    /kms-errors has 1025 characters; CloudWatch takes at most 1024\. Shorten .+ by 1\./,
  );
});

test("every description fits, under the longest name that a repository can have", () => {
  const repository = `${"o".repeat(39)}/${"r".repeat(100)}`;
  const scope = createExampleScope("prod", "ap-southeast-2");
  for (const detection of [...detections, ...cisPack]) {
    const links = {
      runbook: runbookUrl(detection, repository),
      savedQuery: savedQueryNameOf(detection, scope),
    };
    const anomaly = anomalyOf(detection);
    for (const when of [
      describeThreshold(detection),
      ...(anomaly ? [describeAnomalyBand(anomaly)] : []),
    ]) {
      expect(() => alarmDescription(detection, when, links)).not.toThrow();
    }
  }
});
