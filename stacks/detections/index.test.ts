import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { TrailDetection } from "./detection.ts";
import { exampleWatched } from "./examples.ts";
import { detections } from "./index.ts";

/** Files of this folder that hold no detection. */
const OTHERS = ["alarm-description.ts", "detection.ts", "examples.ts", "index.ts"];

test("every detection's file is in the table, under its id", () => {
  const files = readdirSync(import.meta.dirname).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !OTHERS.includes(file),
  );
  expect(detections.map(({ id }) => `${id}.ts`).sort()).toEqual(files.sort());
});

describe.each(detections.map((detection) => [detection.id, detection] as const))("%s", (_, it) => {
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
    expect(it.insightsQuery(exampleWatched)).not.toMatch(/undefined|\$\{/);
  });
});

const inTrail = detections.filter((it): it is TrailDetection => it.source === "trail");

describe.each(inTrail.map((detection) => [detection.id, detection] as const))("%s", (_, it) => {
  test("has a pattern of at most 1,024 characters and one-minute points", () => {
    expect(it.pattern(exampleWatched).length).toBeLessThanOrEqual(1024);
    expect(it.period % 60).toBe(0);
  });

  test("has whole records for both sides, each with its own name", () => {
    const examples = [...it.mustFire, ...it.mustNotFire];
    expect(it.mustFire).not.toEqual([]);
    expect(it.mustNotFire).not.toEqual([]);
    expect(new Set(examples.map(({ name }) => name)).size).toBe(examples.length);
    for (const { record } of examples) {
      expect(record).toMatchObject({
        eventVersion: "1.11",
        userIdentity: { accountId: "111122223333" },
        recipientAccountId: "111122223333",
        eventSource: expect.stringMatching(/\.amazonaws\.com$/),
        eventName: expect.any(String),
      });
    }
  });
});
