import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AlarmState,
  type AnomalyAlarm,
  isAnomalyAlarm,
  type MetricAlarm,
  type ThresholdAlarm,
} from "../../cloudwatch/alarm/alarm.ts";
import { evaluateAnomaly } from "../../cloudwatch/alarm/anomaly.ts";
import { type AlarmEvaluation, evaluateAlarm } from "../../cloudwatch/alarm/evaluate.ts";
import { evaluationInterval, evaluationRange } from "../../cloudwatch/alarm/range.ts";
import { mergeStatistics, type StatisticSet, statisticOf } from "../../cloudwatch/metric.ts";
import { ALARM, ANOMALY_ALARM } from "../../cloudwatch/testing/fixtures.ts";
import { MINUTE } from "./scan.ts";
import type { Series } from "./series.ts";
import { createTimeline, createTimelines } from "./timeline.ts";
import { type Transition, transitionsOf } from "./transitions.ts";

const FIRST = Date.UTC(2026, 2, 2) / MINUTE + 7;

type Points = ReadonlyMap<number, StatisticSet>;

function seriesOf(points: Points): Series {
  const sets = [...points.values()];
  return {
    minutes: Float64Array.from(points.keys()),
    sums: Float64Array.from(sets, ({ sum }) => sum),
    sampleCounts: Float64Array.from(sets, ({ sampleCount }) => sampleCount),
    minimums: Float64Array.from(sets, ({ minimum }) => minimum),
    maximums: Float64Array.from(sets, ({ maximum }) => maximum),
  };
}

/** Evaluates the alarm at every one of its evaluation times until all data has left its evaluation range. */
function evaluateAll(alarm: MetricAlarm, points: Points): readonly Transition[] {
  const interval = evaluationInterval(alarm);
  const begin = FIRST * MINUTE;
  const last = Math.max(FIRST, ...points.keys()) * MINUTE;
  const end = last + (evaluationRange(alarm, 0).length + 2) * alarm.period * 1000 + interval + DAY;
  const known = new Map<number, number | null>();
  const valueAt = (start: number): number | null => {
    const value = known.get(start);
    if (value !== undefined) return value;
    const computed = statisticAt(alarm, points, start);
    known.set(start, computed);
    return computed;
  };
  const transitions: Transition[] = [];
  let state: AlarmState = "INSUFFICIENT_DATA";
  for (let at = Math.ceil(begin / interval) * interval; at <= end; at += interval) {
    const timestamps = evaluationRange(alarm, at);
    const evaluation: AlarmEvaluation = isAnomalyAlarm(alarm)
      ? evaluateAnomaly(alarm, valueAt, timestamps, state)
      : evaluateAlarm({
          ...alarm,
          datapoints: timestamps.map(valueAt),
          timestamps,
          currentState: state,
        });
    const { state: to, reason } = evaluation;
    if (to !== state) transitions.push({ at, from: state, to, reason });
    state = to;
  }
  return transitions;
}

const DAY = 24 * 60 * MINUTE;

function statisticAt(
  { statistic, period }: MetricAlarm,
  points: Points,
  start: number,
): number | null {
  let total: StatisticSet | undefined;
  for (let minute = start / MINUTE; minute < start / MINUTE + period / 60; minute++) {
    const set = points.get(minute);
    if (set !== undefined) total = mergeStatistics(total, set);
  }
  return total === undefined ? null : statisticOf[statistic](total);
}

/** Generates runs of minutes with equal values, with random values, and without data. */
function pointsWith(stretch: fc.Arbitrary<number>, value: fc.Arbitrary<number>) {
  const values = fc.oneof(
    fc.constant([]),
    value.map((one) => [one]),
    fc.array(value, { minLength: 2, maxLength: 9 }),
  );
  return fc
    .array(fc.record({ length: stretch, values }), { minLength: 1, maxLength: 8 })
    .map((stretches): Points => {
      const points = new Map<number, StatisticSet>();
      let minute = FIRST;
      for (const { length, values: some } of stretches) {
        for (let at = 0; at < length; at++, minute++) {
          const one = some[(at * 7) % Math.max(some.length, 1)];
          if (one === undefined) continue;
          points.set(minute, { sum: 2 * one, sampleCount: 2, minimum: one - 1, maximum: one + 1 });
        }
      }
      return points;
    });
}

const thresholdAlarm: fc.Arbitrary<ThresholdAlarm> = fc
  .record({
    period: fc.constantFrom(60, 300, 3600, 3660),
    // An evaluation range above a day is evaluated hourly.
    evaluationPeriods: fc.constantFrom(1, 2, 3, 5, 24),
    datapointsFraction: fc.double({ min: 0.01, max: 1, noNaN: true }),
    threshold: fc.integer({ min: 0, max: 5 }),
    statistic: fc.constantFrom("Sum", "Average", "Minimum", "Maximum", "SampleCount" as const),
    comparisonOperator: fc.constantFrom("GreaterThanThreshold", "LessThanThreshold" as const),
    treatMissingData: fc.constantFrom("missing", "ignore", "breaching", "notBreaching" as const),
  })
  .map(({ datapointsFraction, ...props }) => ({
    ...ALARM,
    ...props,
    datapointsToAlarm: Math.ceil(datapointsFraction * props.evaluationPeriods),
  }));

function expectSameTransitions(alarm: MetricAlarm, points: Points): void {
  const timeline = createTimeline(alarm, [seriesOf(points)], FIRST * MINUTE);
  expect(transitionsOf(alarm, timeline)).toEqual(evaluateAll(alarm, points));
}

test("finds the transitions and reasons of an evaluation in every minute", () => {
  const stretch = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(100, 400));
  const points = pointsWith(stretch, fc.integer({ min: 0, max: 4 }));
  fc.assert(fc.property(thresholdAlarm, points, expectSameTransitions), { numRuns: 30 });
});

test("shares prepared values only between alarms that read the same values", () => {
  const points = pointsWith(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 0, max: 4 }));
  const alarms = fc.array(fc.oneof(thresholdAlarm, fc.constant(ANOMALY_ALARM)), { minLength: 9 });
  const property = fc.property(alarms, points, (list, values) => {
    const series = [seriesOf(values)];
    const timelineOf = createTimelines();
    for (const alarm of list) {
      const begin = FIRST * MINUTE;
      expect(timelineOf(alarm, series, begin)).toEqual(createTimeline(alarm, series, begin));
    }
  });
  fc.assert(property, { numRuns: 3 });
});

test("finds the transitions and reasons of an anomaly alarm's evaluation in every minute", () => {
  const alarm: fc.Arbitrary<AnomalyAlarm> = fc
    .record({
      datapointsToAlarm: fc.constantFrom(1, 2),
      deviations: fc.constantFrom(1, 2),
      treatMissingData: fc.constantFrom("missing", "notBreaching" as const),
    })
    .map((props) => ({ ...ANOMALY_ALARM, ...props, period: 1800 }));
  // The sums of squares of the last two are not exact.
  const value = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(60, 0.1, 1e9));
  const points = pointsWith(fc.constantFrom(3, 40, 300, 1300), value);
  fc.assert(fc.property(alarm, points, expectSameTransitions), { numRuns: 6 });
});
