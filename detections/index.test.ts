import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Detection } from "./detection.ts";
import { exampleScope } from "./example-events.ts";
import { filterPatterns } from "./exclusions.ts";
import { cisPack, detections } from "./index.ts";
import { keyDetections } from "./monitored-keys/index.ts";
import { EXAMPLE_KEY } from "./monitored-keys/monitored-key.ts";
import { createExampleScope } from "./scope.ts";

const all = [...detections, ...cisPack, ...keyDetections([EXAMPLE_KEY])];

const isDetection = (value: unknown): value is Detection =>
  typeof value === "object" && value !== null && "mustFire" in value;

test("lists every detection under the name of its file", async () => {
  const files = readdirSync(import.meta.dirname).filter((file) => /^[a-z-]+\.ts$/.test(file));
  for (const file of files) {
    const found = Object.values(await import(join(import.meta.dirname, file))).filter(isDetection);
    for (const detection of found) {
      expect(`${detection.id}.ts`).toBe(file);
      expect(detections).toContain(detection);
    }
  }
});

test("gives every detection its own ID", () => {
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
test("needs at most 100 metric filters, with room for other filters of an existing log group", () => {
  const ROOM = 20;
  const patterns = [...detections, ...cisPack].flatMap((detection) =>
    detection.source === "trail" ? filterPatterns(detection, exampleScope) : [],
  );
  expect(patterns.length).toBeLessThanOrEqual(100 - ROOM);
});

test("contains the benchmark's fifteen patterns, unchanged", () => {
  expect(cisPack).toHaveLength(15);
  expect(cisPack.flatMap((detection) => filterPatterns(detection, exampleScope))).toContain(
    '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
  );
});

describe.each(all.map((detection) => [detection.id, detection] as const))("%s", (_, detection) => {
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
  test("defines an alarm that CloudWatch accepts", () => {
    const { period, evaluationPeriods, datapointsToAlarm, threshold } = detection;
    expect([10, 20, 30].includes(period) || period % 60 === 0).toBe(true);
    expect(period * evaluationPeriods).toBeLessThanOrEqual(period < 3600 ? 86_400 : 604_800);
    expect(datapointsToAlarm).toBeGreaterThanOrEqual(1);
    expect(datapointsToAlarm).toBeLessThanOrEqual(evaluationPeriods);
    expect(threshold).toBeGreaterThan(0);
  });

  test("explains the alarm, its harmless causes and the response", () => {
    expect(detection.why).not.toBe("");
    expect(detection.falsePositives).not.toEqual([]);
    expect(detection.runbook).not.toEqual([]);
    expect(detection.insightsQuery(exampleScope)).not.toMatch(/undefined|\$\{/);
  });

  test("has positive and negative examples with unique names", () => {
    const names = [...detection.mustFire, ...detection.mustNotFire].map(({ name }) => name);
    expect(detection.mustFire).not.toEqual([]);
    expect(detection.mustNotFire).not.toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });
});

const trailDetections = all.filter((detection) => detection.source === "trail");

describe.each(trailDetections.map((detection) => [detection.id, detection] as const))(
  "%s",
  (_, detection) => {
    test("has a pattern of at most 1,024 characters in the longest region, and a period in whole minutes", () => {
      const scope = createExampleScope("prod", "us-gov-west-1", { previousKeys: 2 });
      for (const pattern of filterPatterns(detection, scope)) {
        expect(pattern.length).toBeLessThanOrEqual(1024);
      }
      expect(detection.period % 60).toBe(0);
    });

    test("leaves room in the pattern for an excluded role", () => {
      const exclusions = ["arn:aws-us-gov:iam::111122223333:role/Administrator"];
      const excluding = filterPatterns(
        { ...detection, exclusions },
        createExampleScope("prod", "us-gov-west-1", { previousKeys: 2 }),
      );
      for (const pattern of excluding) {
        expect(pattern).toContain(exclusions[0]);
        expect(pattern.length).toBeLessThanOrEqual(1024);
      }
    });

    test("has complete records of the example account", () => {
      for (const { record } of [...detection.mustFire, ...detection.mustNotFire]) {
        const { type } = record.userIdentity as { readonly type: string };
        expect(record).toMatchObject({
          eventVersion: "1.11",
          // An AWS service that calls for itself belongs to no account.
          userIdentity:
            type === "AWSService" ? {} : { accountId: expect.stringMatching(/^\d{12}$/) },
          recipientAccountId: "111122223333",
          eventSource: expect.stringMatching(/\.amazonaws\.com$/),
          eventName: expect.any(String),
          readOnly: expect.any(Boolean),
        });
      }
    });
  },
);
