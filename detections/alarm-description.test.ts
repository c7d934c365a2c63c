import { expect, test } from "vitest";
import { MAX_ENVIRONMENT_LENGTH } from "../common/environment.ts";
import { watchEnvironment } from "../common/naming.ts";
import { alarmDescription, describeAnomalyBand, describeThreshold } from "./alarm-description.ts";
import { anomalyOf, runbookUrl, savedQueryNameOf } from "./cloudwatch-names.ts";
import { cisPack, detections } from "./index.ts";
import { kmsErrors } from "./kms-errors.ts";
import { kmsVolume } from "./kms-volume.ts";
import { chainDetections, keyDetections } from "./monitored-keys/index.ts";
import { EXAMPLE_KEY } from "./monitored-keys/monitored-key.ts";
import { createExampleScope } from "./scope.ts";

test.each([
  [{ period: 60, evaluationPeriods: 1, datapointsToAlarm: 1 }, "3 or more in a minute"],
  [{ period: 300, evaluationPeriods: 15, datapointsToAlarm: 1 }, "3 or more in 5 minutes"],
  [
    { period: 10, evaluationPeriods: 3, datapointsToAlarm: 2 },
    "3 or more in 10 seconds, in 2 of 3 periods",
  ],
])("describes %j as: %s", (window, words) => {
  expect(describeThreshold({ ...kmsErrors, ...window, threshold: 3 })).toBe(words);
});

test("describes an anomaly band without a number", () => {
  expect(kmsVolume.anomaly && describeAnomalyBand(kmsVolume.anomaly)).toBe(
    "more than CloudWatch's anomaly detection expects in 5 minutes, in 2 of 3 periods",
  );
});

test("accepts 1,024 characters, and names the excess of 1,025", () => {
  const describe = (why: string) =>
    alarmDescription({ ...kmsErrors, why }, "now", { runbook: "there", savedQuery: "here" });
  const room = 1024 - describe("").length;
  expect(describe("x".repeat(room))).toHaveLength(1024);
  expect(() => describe("x".repeat(room + 1))).toThrow(
    /kms-errors has 1025 characters; CloudWatch accepts at most 1024\. Shorten .+ by 1\./,
  );
});

test("fits every description, with the longest names of environment, key and GitHub repository", () => {
  const longest = "e".repeat(MAX_ENVIRONMENT_LENGTH);
  const repository = `${"o".repeat(39)}/${"r".repeat(100)}`;
  // The longest name and limit of a monitored key.
  const key = { ...EXAMPLE_KEY, name: "k".repeat(24), decryptLimit: 1_000_000_000 };
  const all = [
    ...[...detections, ...cisPack].map((detection) => ({ detection, env: longest })),
    ...[...keyDetections([key]), ...chainDetections].map((detection) => ({
      detection,
      env: watchEnvironment(longest),
    })),
  ];
  for (const { detection, env } of all) {
    const scope = createExampleScope(env, "ap-southeast-2");
    const links = {
      runbook: runbookUrl(detection, repository),
      savedQuery: savedQueryNameOf(detection, scope),
    };
    const anomaly = anomalyOf(detection);
    for (const condition of [
      describeThreshold(detection),
      ...(anomaly ? [describeAnomalyBand(anomaly)] : []),
    ]) {
      expect.soft(() => alarmDescription(detection, condition, links)).not.toThrow();
    }
  }
});
