import { isAnomalyAlarm, type MetricAlarm, type Statistic } from "../../cloudwatch/alarm/alarm.ts";
import { ANOMALY_TRAINING_WINDOW } from "../../cloudwatch/alarm/anomaly.ts";
import { evaluationInterval, evaluationRange } from "../../cloudwatch/alarm/range.ts";
import { isMathAlarm, metricsOf } from "../detections/math-alarm.ts";
import { MINUTE } from "./scan.ts";
import { EMPTY_SERIES, type Series } from "./series.ts";
import { indexFrom } from "./sorted.ts";

/** The values of an alarm's metric, prepared once for evaluating any number of thresholds. */
export interface Timeline {
  /** When evaluation begins, in milliseconds since the epoch: a full minute. */
  readonly begin: number;
  readonly segments: readonly Segment[];
}

/** A time span without gaps in the data longer than the evaluation range. */
export interface Segment {
  /** Milliseconds since the epoch, a full minute. */
  readonly start: number;
  /** By minute from `start`: the statistic of the period that ends then; NaN: no data. */
  readonly values: Float64Array;
  /** The indices of values that differ from the one before, ascending; the first is 0. */
  readonly changes: Int32Array;
}

/**
 * Prepares a metric's values for evaluation.
 * @param alarm with a period of whole minutes, the resolution of a metric filter
 * @param series of each metric that the alarm reads, in the order of `metricsOf`
 * @param begin when evaluation begins, in milliseconds since the epoch: at or before the first data
 */
export function createTimeline(
  alarm: MetricAlarm,
  series: readonly Series[],
  begin: number,
): Timeline {
  const minutes = minutesOf(series);
  const period = alarm.period * 1000;
  const interval = evaluationInterval(alarm);
  // After this long without data, every evaluation has the same result.
  const settlingTime =
    (evaluationRange(alarm, 0).length + 1) * period +
    interval +
    (isAnomalyAlarm(alarm) ? ANOMALY_TRAINING_WINDOW : 0);
  const segments: Segment[] = [];
  let index = 0;
  let start = floor(begin, interval);
  do {
    let end = start + settlingTime;
    for (; index < minutes.length; index++) {
      const time = (minutes[index] ?? 0) * MINUTE;
      if (time > end) break;
      end = time + settlingTime;
    }
    const values = valuesOf(alarm, series, { start, end });
    segments.push({ start, values, changes: changesOf(values) });
    start = floor((minutes[index] ?? 0) * MINUTE, interval);
  } while (index < minutes.length);
  return { begin: floor(begin, MINUTE), segments };
}

export type TimelineOf = typeof createTimeline;

/**
 * Returns a `createTimeline` that prepares the same values for the same periods once: for a detection's alarms with
 * different thresholds, and for all detections without matches.
 */
export function createTimelines(): TimelineOf {
  const bySource = new WeakMap<object, Map<string, Timeline>>();
  return (alarm, series, begin) => {
    const source = isMathAlarm(alarm) ? alarm.math : (series[0] ?? EMPTY_SERIES);
    const timelines = bySource.get(source) ?? new Map<string, Timeline>();
    bySource.set(source, timelines);
    const { statistic, period, evaluationPeriods } = alarm;
    const key = [statistic, period, evaluationPeriods, isAnomalyAlarm(alarm), begin].join(" ");
    const timeline = timelines.get(key) ?? createTimeline(alarm, series, begin);
    timelines.set(key, timeline);
    return timeline;
  };
}

/** The minutes with data of any series, ascending. */
function minutesOf([first = EMPTY_SERIES, ...others]: readonly Series[]): Float64Array {
  if (others.length === 0) return first.minutes;
  const all = new Set(first.minutes);
  for (const { minutes } of others) for (const minute of minutes) all.add(minute);
  return Float64Array.from(all).sort();
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function valuesOf(alarm: MetricAlarm, series: readonly Series[], range: Range): Float64Array {
  const inputs = metricsOf(alarm).map(({ statistic }, index) =>
    statisticsOf(statistic, alarm.period, series[index] ?? EMPTY_SERIES, range),
  );
  const [first = new Float64Array()] = inputs;
  if (!isMathAlarm(alarm)) return first;
  return first.map((_, at) =>
    alarm.math.evaluate(inputs.map((values) => values[at] ?? Number.NaN)),
  );
}

function statisticsOf(
  statistic: Statistic,
  period: number,
  series: Series,
  range: Range,
): Float64Array {
  if (statistic === "Average") {
    const counts = statisticsOf("SampleCount", period, series, range);
    const sums = statisticsOf("Sum", period, series, range);
    return sums.map((sum, at) => sum / (counts[at] ?? Number.NaN));
  }
  const { start, end } = range;
  const { minutes } = series;
  const { column, reduce } = STATISTICS[statistic];
  const inputs = series[column];
  const length = period / 60;
  const values = new Float64Array((end - start) / MINUTE + 1).fill(Number.NaN);
  let from = indexFrom(minutes, start / MINUTE);
  let to = from;
  for (let at = 0; at < values.length; at++) {
    const periodEnd = start / MINUTE + at;
    const [fromBefore, toBefore] = [from, to];
    while ((minutes[to] ?? Number.POSITIVE_INFINITY) < periodEnd) to++;
    while (from < to && (minutes[from] ?? 0) < periodEnd - length) from++;
    if (from === to) continue;
    const isUnchanged =
      (from === fromBefore && to === toBefore) ||
      // In most minutes, a 0 leaves the period and another enters it.
      (from === fromBefore + 1 &&
        to === toBefore + 1 &&
        inputs[fromBefore] === 0 &&
        inputs[toBefore] === 0);
    values[at] = isUnchanged ? (values[at - 1] ?? Number.NaN) : reduce(inputs, from, to);
  }
  return values;
}

/** Computes a statistic from a column of `[from, to)`, which is not empty. */
type Reduce = (column: Float64Array, from: number, to: number) => number;

const total: Reduce = (column, from, to) => {
  let sum = 0;
  for (let index = from; index < to; index++) sum += column[index] ?? 0;
  return sum;
};

const lowest: Reduce = (column, from, to) => {
  let minimum = column[from] ?? 0;
  for (let index = from + 1; index < to; index++) minimum = Math.min(minimum, column[index] ?? 0);
  return minimum;
};

const highest: Reduce = (column, from, to) => {
  let maximum = column[from] ?? 0;
  for (let index = from + 1; index < to; index++) maximum = Math.max(maximum, column[index] ?? 0);
  return maximum;
};

const STATISTICS: Readonly<
  Record<
    Exclude<Statistic, "Average">,
    { readonly column: Exclude<keyof Series, "minutes">; readonly reduce: Reduce }
  >
> = {
  Sum: { column: "sums", reduce: total },
  SampleCount: { column: "sampleCounts", reduce: total },
  Minimum: { column: "minimums", reduce: lowest },
  Maximum: { column: "maximums", reduce: highest },
};

function changesOf(values: Float64Array): Int32Array {
  const changes = new Int32Array(values.length);
  let count = 0;
  for (let at = 0; at < values.length; at++) {
    if (at === 0 || !Object.is(values[at], values[at - 1])) changes[count++] = at;
  }
  return changes.slice(0, count);
}

/** The distinct values of all periods, ascending. */
export function valuesIn({ segments }: Timeline): readonly number[] {
  const distinct = new Set<number>();
  for (const { values, changes } of segments) {
    for (const at of changes) distinct.add(values[at] ?? Number.NaN);
  }
  distinct.delete(Number.NaN);
  return [...distinct].sort((a, b) => a - b);
}

/** Returns the value of the period that starts at a time; null if it has no data. */
export function valueReader({ period }: MetricAlarm, { start, values }: Segment) {
  return (periodStart: number): number | null => {
    const value = values[(periodStart + period * 1000 - start) / MINUTE] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
}

const floor = (time: number, step: number) => time - (time % step);
