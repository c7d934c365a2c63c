import { describe, expect, test } from "vitest";
import { type MetricDatum, statisticOf, statisticSet } from "../../../../cloudwatch/metric.ts";
import { openJournal } from "../../../state/journal.ts";
import { manualClock } from "../../../testing/manual-clock.ts";
import { memoryJournal } from "../../../testing/memory-journal.ts";
import { temporaryFile } from "../../testing/temporary-folder.ts";
import { createMetrics, type MetricsEntry } from "./metrics.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");
const MINUTE = 60_000;
const KEY = { namespace: "Example", name: "Errors", dimensions: {} };

function datum(value: number, at: number, rest: Partial<MetricDatum> = {}): MetricDatum {
  return {
    ...KEY,
    timestamp: at,
    unit: "Count",
    highResolution: false,
    ...statisticSet([value]),
    ...rest,
  };
}

function metricsAt(start = NOON) {
  const clock = manualClock(start);
  return { clock, metrics: createMetrics({ clock, journal: memoryJournal<MetricsEntry>() }) };
}

test("computes sum, count, minimum, maximum and average of a period", () => {
  const { metrics } = metricsAt();
  metrics.put([datum(1, NOON), datum(4, NOON + 59_999), datum(100, NOON + MINUTE)]);
  const total = metrics.total(KEY, { start: NOON, end: NOON + MINUTE });
  expect(total).toEqual({ sum: 5, sampleCount: 2, minimum: 1, maximum: 4 });
  expect(total && statisticOf.Average(total)).toBe(2.5);
});

test("distinguishes a period without data from one with zeros", () => {
  const { metrics } = metricsAt();
  metrics.put([datum(0, NOON)]);
  expect(metrics.total(KEY, { start: NOON, end: NOON + MINUTE })?.sum).toBe(0);
  expect(metrics.total(KEY, { start: NOON + MINUTE, end: NOON + 2 * MINUTE })).toBeUndefined();
});

test("weights values by their counts", () => {
  expect(statisticSet([1, 10], [3, 2])).toEqual({
    sum: 23,
    sampleCount: 5,
    minimum: 1,
    maximum: 10,
  });
});

describe("dimensions", () => {
  test("identify a metric together, in any order", () => {
    const { metrics } = metricsAt();
    metrics.put([datum(1, NOON, { dimensions: { a: "1", b: "2" } })]);
    metrics.put([datum(2, NOON, { dimensions: { b: "2", a: "1" } })]);
    const period = { start: NOON, end: NOON + MINUTE };
    expect(metrics.total({ ...KEY, dimensions: { a: "1", b: "2" } }, period)?.sum).toBe(3);
    expect(metrics.total({ ...KEY, dimensions: { a: "1" } }, period)).toBeUndefined();
    expect(metrics.total(KEY, period)).toBeUndefined();
  });
});

test("keeps high-resolution data by the second and other data by the minute", () => {
  const { metrics } = metricsAt();
  metrics.put([
    datum(1, NOON + 12_345, { highResolution: true }),
    datum(1, NOON + 12_999, { highResolution: true }),
    datum(5, NOON + 30_000, { name: "ByMinute" }),
  ]);
  expect(metrics.total(KEY, { start: NOON + 12_000, end: NOON + 13_000 })?.sum).toBe(2);
  expect(
    metrics.total({ ...KEY, name: "ByMinute" }, { start: NOON, end: NOON + 10_000 })?.sum,
  ).toBe(5);
});

test("returns one datapoint for each period and unit, oldest first", () => {
  const { metrics } = metricsAt();
  metrics.put([
    datum(3, NOON + 7 * MINUTE),
    datum(1, NOON + MINUTE),
    datum(2, NOON + 4 * MINUTE),
    datum(9, NOON + MINUTE, { unit: "Bytes" }),
  ]);
  const range = { start: NOON, end: NOON + 10 * MINUTE, seconds: 300 };
  expect(
    metrics
      .statistics(KEY, range)
      .map(({ timestamp, sum, unit }) => [(timestamp - NOON) / MINUTE, sum, unit]),
  ).toEqual([
    [0, 3, "Count"],
    [0, 9, "Bytes"],
    [5, 3, "Count"],
  ]);
  expect(metrics.statistics(KEY, { ...range, unit: "Bytes" }).map(({ sum }) => sum)).toEqual([9]);
});

describe("retention", () => {
  test("merges seconds into minutes after three hours without losing data", () => {
    const { clock, metrics } = metricsAt();
    for (let second = 0; second < 120; second++) {
      metrics.put([datum(1, NOON + second * 1000, { highResolution: true })]);
    }
    clock.advance(5 * 60 * MINUTE);
    metrics.put([datum(1, clock.now(), { highResolution: true })]);
    expect(metrics.total(KEY, { start: NOON, end: NOON + MINUTE })?.sum).toBe(60);
    expect(metrics.total(KEY, { start: NOON + 1000, end: NOON + 2000 })).toBeUndefined();
  });

  test("drops data after 15 days", () => {
    const { clock, metrics } = metricsAt();
    metrics.put([datum(1, NOON)]);
    clock.advance(15 * 24 * 60 * MINUTE + 1);
    metrics.put([datum(1, clock.now())]);
    expect(metrics.total(KEY, { start: NOON, end: NOON + MINUTE })).toBeUndefined();
  });

  test("drops the metrics without data for the longest time beyond 5,000", () => {
    const { metrics } = metricsAt();
    metrics.put([datum(1, NOON, { name: "first" })]);
    metrics.put(Array.from({ length: 5_000 }, (_, index) => datum(1, NOON, { name: `m${index}` })));
    const names = metrics.list().map(({ name }) => name);
    expect(names).toHaveLength(5_000);
    expect(names).not.toContain("first");
  });
});

describe("journal", () => {
  test("restores data even if it was never closed", () => {
    const file = temporaryFile("metrics.jsonl");
    const clock = manualClock(NOON);
    createMetrics({ clock, journal: openJournal<MetricsEntry>(file) }).put([
      datum(1, NOON),
      datum(2, NOON),
      datum(4, NOON, { highResolution: true }),
    ]);
    const again = createMetrics({ clock, journal: openJournal<MetricsEntry>(file) });
    expect(again.total(KEY, { start: NOON, end: NOON + MINUTE })).toEqual({
      sum: 7,
      sampleCount: 3,
      minimum: 1,
      maximum: 4,
    });
    expect(again.list()).toEqual([{ ...KEY, updatedAt: NOON }]);
  });
});
