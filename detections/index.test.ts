import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Detection, TrailDetection } from "./detection.ts";
import { exampleScope } from "./example-events.ts";
import { filterPattern } from "./exclusions.ts";
import { cisPack, detections } from "./index.ts";
import { createExampleScope } from "./scope.ts";

const all = [...detections, ...cisPack];

const isDetection = (value: unknown): value is Detection =>
  typeof value === "object" && value !== null && "mustFire" in value;

test("every detection's file is in the table, under its id", async () => {
  const files = readdirSync(import.meta.dirname).filter((file) => /^[a-z-]+\.ts$/.test(file));
  for (const file of files) {
    const found = Object.values(await import(join(import.meta.dirname, file))).filter(isDetection);
    for (const detection of found) {
      expect(`${detection.id}.ts`).toBe(file);
      expect(detections).toContain(detection);
    }
  }
});

test("no two have one id", () => {
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
});

test("the CIS pack is the benchmark's fifteen, each pattern to the letter", () => {
  expect(cisPack).toHaveLength(15);
  expect(cisPack.map((detection) => filterPattern(detection, exampleScope))).toContain(
    '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
  );
});

describe.each(all.map((detection) => [detection.id, detection] as const))("%s", (_, it) => {
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
  test("is an alarm that CloudWatch takes", () => {
    const { period, evaluationPeriods, datapointsToAlarm, threshold } = it;
    expect([10, 20, 30].includes(period) || period % 60 === 0).toBe(true);
    expect(period * evaluationPeriods).toBeLessThanOrEqual(period < 3600 ? 86_400 : 604_800);
    expect(datapointsToAlarm).toBeGreaterThanOrEqual(1);
    expect(datapointsToAlarm).toBeLessThanOrEqual(evaluationPeriods);
    expect(threshold).toBeGreaterThan(0);
  });

  test("says why, what else it may be and what to do", () => {
    expect(it.why).not.toBe("");
    expect(it.falsePositives).not.toEqual([]);
    expect(it.runbook).not.toEqual([]);
    expect(it.insightsQuery(exampleScope)).not.toMatch(/undefined|\$\{/);
  });

  test("has examples for both sides, each with its own name", () => {
    const names = [...it.mustFire, ...it.mustNotFire].map(({ name }) => name);
    expect(it.mustFire).not.toEqual([]);
    expect(it.mustNotFire).not.toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });
});

const inTrail = all.filter((it): it is TrailDetection => it.source === "trail");

describe.each(inTrail.map((detection) => [detection.id, detection] as const))("%s", (_, it) => {
  test("has a pattern of at most 1,024 characters in any region, and one-minute points", () => {
    const scope = createExampleScope("prod", "us-gov-west-1");
    expect(filterPattern(it, scope).length).toBeLessThanOrEqual(1024);
    expect(it.period % 60).toBe(0);
  });

  test("leaves room for a role that settings exclude", () => {
    const exclusions = ["arn:aws-us-gov:iam::111122223333:role/Administrator"];
    const excluding = filterPattern(
      { ...it, exclusions },
      createExampleScope("prod", "us-gov-west-1"),
    );
    expect(excluding).toContain(exclusions[0]);
    expect(excluding.length).toBeLessThanOrEqual(1024);
  });

  test("has whole records, of this account", () => {
    for (const { record } of [...it.mustFire, ...it.mustNotFire]) {
      expect(record).toMatchObject({
        eventVersion: "1.11",
        userIdentity: { accountId: expect.stringMatching(/^\d{12}$/) },
        recipientAccountId: "111122223333",
        eventSource: expect.stringMatching(/\.amazonaws\.com$/),
        eventName: expect.any(String),
        readOnly: expect.any(Boolean),
      });
    }
  });
});
