import { describe, expect, test } from "vitest";
import { ANOMALY_ALARM } from "../testing/fixtures.ts";
import type { AlarmState } from "./alarm.ts";
import {
  ANOMALY_MODEL,
  evaluateAnomaly,
  MIN_TRAINING_DATAPOINTS,
  upperThreshold,
} from "./anomaly.ts";

const STEP = ANOMALY_ALARM.period * 1000;
const NOON = Date.parse("2026-11-20T12:00:00Z");
const TIMESTAMPS = Array.from({ length: 5 }, (_, at) => NOON + at * STEP);

/** Evaluates `values` in the evaluation range after one day of `history`, repeated. */
function evaluate(
  history: readonly (number | null)[],
  values: readonly (number | null)[],
  currentState: AlarmState = "OK",
) {
  const valueAt = (start: number) => {
    const position = Math.round((start - NOON) / STEP);
    if (position >= 0) return values[position] ?? null;
    return history.at(position % history.length) ?? null;
  };
  return evaluateAnomaly(ANOMALY_ALARM, valueAt, TIMESTAMPS, currentState);
}

describe("upper threshold", () => {
  test("lies the given number of standard deviations above the mean", () => {
    const values = Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? 50 : 150));
    expect(upperThreshold(values, 2)).toBeCloseTo(100 + 2 * 50, 10);
  });

  test("assumes a deviation of at least the square root of the mean, and of at least 1", () => {
    expect(upperThreshold(Array(50).fill(100), 2)).toBe(120);
    expect(upperThreshold(Array(50).fill(0), 2)).toBe(2);
  });

  test("is undefined until there are enough datapoints", () => {
    expect(upperThreshold(Array(MIN_TRAINING_DATAPOINTS - 1).fill(5), 2)).toBeUndefined();
    expect(upperThreshold(Array(MIN_TRAINING_DATAPOINTS).fill(5), 2)).toBeDefined();
  });
});

test("goes into ALARM when two of three periods exceed the band, and names the model in the reason", () => {
  const { state, reason } = evaluate([100, 90, 110, 100], [100, 100, 400, 100, 500]);
  expect(state).toBe("ALARM");
  expect(reason).toMatch(
    /^Threshold Crossed: 2 out of the last 3 datapoints \[500\.0 \(20\/11\/26 12:20:00\), 400\.0 \(20\/11\/26 12:10:00\)\] were greater than the upper thresholds \[\d+\.\d+, \d+\.\d+\] of /,
  );
  expect(reason).toContain(ANOMALY_MODEL);
});

test("stays OK when one period exceeds the band or none does", () => {
  expect(evaluate([100, 90, 110, 100], [100, 100, 100, 400, 100]).state).toBe("OK");
  expect(evaluate([100, 90, 110, 100], [110, 110, 110, 110, 110]).state).toBe("OK");
});

test("accepts the same values when the history contains similar ones", () => {
  expect(evaluate([500, 300, 400, 450], [100, 100, 400, 100, 500]).state).toBe("OK");
});

test("reports insufficient data with the number of datapoints when the history is too short", () => {
  const { state, reason } = evaluate([null], [1, 2, 3, 4, 900], "OK");
  expect(state).toBe("INSUFFICIENT_DATA");
  expect(reason).toContain(`${ANOMALY_MODEL} has 4 datapoints of the 36 that it needs`);
});

test("ignores missing periods instead of counting them as zero", () => {
  expect(evaluate([null, 100, null, 100], [null, 100, null, 110, 100]).state).toBe("OK");
});
