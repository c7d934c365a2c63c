import {
  type AlarmState,
  isAnomalyAlarm,
  type MetricAlarm,
  type Statistic,
  type ThresholdAlarm,
} from "../../cloudwatch/alarm/alarm.ts";
import {
  ANOMALY_TRAINING_WINDOW,
  anomalyBand,
  evaluateAnomaly,
} from "../../cloudwatch/alarm/anomaly.ts";
import { type AlarmEvaluation, evaluateAlarm } from "../../cloudwatch/alarm/evaluate.ts";
import { evaluationInterval, evaluationRange } from "../../cloudwatch/alarm/range.ts";
import { mergeStatistics, type StatisticSet, statisticOf } from "../../cloudwatch/metric.ts";
import { isMathAlarm, metricsOf } from "../detections/math-alarm.ts";
import { MINUTE } from "./scan.ts";
import { indexFrom } from "./sorted.ts";
import type { Series } from "./tally.ts";

/** A change of an alarm's state. */
export interface Transition {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** The StateReason, worded as by CloudWatch. */
  readonly reason: string;
}

/** The values of an alarm's metric, prepared once for evaluating any number of thresholds. */
export interface Timeline {
  /** When evaluation begins, in milliseconds since the epoch: a full minute. */
  readonly begin: number;
  readonly segments: readonly Segment[];
}

/** A time span without gaps in the data longer than the evaluation range. */
interface Segment {
  /** Milliseconds since the epoch, a full minute. */
  readonly start: number;
  /** By minute from `start`: the statistic of the period that ends then; NaN: no data. */
  readonly values: Float64Array;
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
  const timeAt = (index: number) => (minutes[index] ?? Number.POSITIVE_INFINITY) * MINUTE;
  const segments: Segment[] = [];
  let index = 0;
  let start = floor(begin, interval);
  do {
    let last = index;
    let end = start + settlingTime;
    for (; timeAt(last) <= end; last++) end = timeAt(last) + settlingTime;
    segments.push({ start, values: valuesOf(alarm, series, { start, end }) });
    index = last;
    start = floor(timeAt(index), interval);
  } while (index < minutes.length);
  return { begin: floor(begin, MINUTE), segments };
}

/** The minutes with data of any series, ascending. */
function minutesOf([first, ...others]: readonly Series[]): readonly number[] {
  if (others.length === 0) return first?.minutes ?? [];
  const all = new Set([...(first?.minutes ?? []), ...others.flatMap(({ minutes }) => minutes)]);
  return [...all].sort((a, b) => a - b);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function valuesOf(alarm: MetricAlarm, series: readonly Series[], range: Range): Float64Array {
  const inputs = metricsOf(alarm).map(({ statistic }, index) =>
    statisticsOf(statistic, alarm.period, series[index] ?? { minutes: [], sets: [] }, range),
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
  { minutes, sets }: Series,
  { start, end }: Range,
): Float64Array {
  const firstIndex = indexFrom(minutes, start / MINUTE);
  const timeAt = (index: number) => (minutes[index] ?? Number.POSITIVE_INFINITY) * MINUTE;
  const values = new Float64Array((end - start) / MINUTE + 1).fill(Number.NaN);
  let from = firstIndex;
  let to = firstIndex;
  for (let at = 0; at < values.length; at++) {
    const periodEnd = start + at * MINUTE;
    while (timeAt(to) < periodEnd) to++;
    while (from < to && timeAt(from) < periodEnd - period * 1000) from++;
    if (from === to) continue;
    const total = totalOf(sets, from, to);
    if (total !== undefined) values[at] = statisticOf[statistic](total);
  }
  return values;
}

function totalOf(sets: Series["sets"], from: number, to: number): StatisticSet | undefined {
  let total = sets[from];
  for (let index = from + 1; index < to; index++) {
    const set = sets[index];
    if (set !== undefined) total = mergeStatistics(total, set);
  }
  return total;
}

/** The distinct values of all periods, ascending. */
export function valuesIn({ segments }: Timeline): readonly number[] {
  const distinct = new Set<number>();
  for (const { values } of segments) for (const value of values) distinct.add(value);
  distinct.delete(Number.NaN);
  return [...distinct].sort((a, b) => a - b);
}

/**
 * Evaluates an alarm over history, at the times and over the periods at which CloudWatch would have
 * evaluated it. Skips evaluations whose result cannot differ from the previous one, because every value in
 * the evaluation range is on the same side of the threshold or band as before.
 *
 * The alarm begins in INSUFFICIENT_DATA. Evaluation continues after the last event until the evaluation
 * range is empty.
 * @throws RangeError for an alarm that AWS would reject
 */
export function transitionsOf(
  alarm: MetricAlarm,
  { begin, segments }: Timeline,
): readonly Transition[] {
  const changes: Transition[] = [];
  const stride = evaluationInterval(alarm) / MINUTE;
  const window: Window = {
    periods: evaluationRange(alarm, 0).length,
    minutesPerPeriod: alarm.period / 60,
    ignoresMissing: !isAnomalyAlarm(alarm) && alarm.treatMissingData === "notBreaching",
  };
  let state: AlarmState = "INSUFFICIENT_DATA";
  for (const segment of segments) {
    const { start, values } = segment;
    const sides = classify(values.length, sideReader(alarm, segment));
    const isSameAsBefore = createComparison(sides, stride, window);
    let isSettled = false;
    const first = start < begin ? stride : 0;
    for (let at = first; at < values.length; at += stride) {
      isSettled &&= isSameAsBefore(at);
      if (isSettled) continue;
      const { state: next, reason } = evaluate(alarm, segment, at, state);
      isSettled = next === state;
      if (isSettled) continue;
      changes.push({ at: start + at * MINUTE, from: state, to: next, reason });
      state = next;
    }
  }
  return changes;
}

/** Several times as fast as `Int8Array.from`, which iterates. */
function classify(length: number, sideAt: (at: number) => number): Int8Array {
  const sides = new Int8Array(length);
  for (let at = 0; at < length; at++) sides[at] = sideAt(at);
  return sides;
}

/** Returns whether the evaluation at a minute must have the same result as the previous one. */
function createComparison(
  sides: Int8Array,
  stride: number,
  window: Window,
): (at: number) => boolean {
  const { periods, minutesPerPeriod, ignoresMissing } = window;
  const length = periods * minutesPerPeriod + stride;
  // In most minutes, nothing has changed for longer than the window.
  let unchanged = 0;
  let read = 0;
  return (at) => {
    for (; read <= at; read++) {
      const [side, before] = [sides[read] ?? MISSING, sides[read - 1] ?? MISSING];
      const isAlike = side === before || (ignoresMissing && side + before === MISSING + WITHIN);
      unchanged = isAlike ? unchanged + 1 : 0;
    }
    return unchanged > length || isSameResult(sides, at - stride, at, window);
  };
}

/** Whether two evaluations must have the same result. */
function isSameResult(
  sides: Int8Array,
  before: number,
  at: number,
  { periods, minutesPerPeriod, ignoresMissing }: Window,
): boolean {
  let differs = false;
  let breaches = false;
  for (let back = 0; back < periods * minutesPerPeriod; back += minutesPerPeriod) {
    const now = sides[at - back] ?? MISSING;
    const then = sides[before - back] ?? MISSING;
    if (now !== then) differs = true;
    if (now === BREACHING || then === BREACHING) breaches = true;
  }
  return !differs || (ignoresMissing && !breaches);
}

/** The periods that an evaluation looks at. */
interface Window {
  readonly periods: number;
  readonly minutesPerPeriod: number;
  /** Without a breaching period, missing data makes no difference. */
  readonly ignoresMissing: boolean;
}

function evaluate(
  alarm: MetricAlarm,
  segment: Segment,
  at: number,
  currentState: AlarmState,
): AlarmEvaluation {
  const timestamps = evaluationRange(alarm, segment.start + at * MINUTE);
  const valueAt = valueReader(alarm, segment);
  if (isAnomalyAlarm(alarm)) return evaluateAnomaly(alarm, valueAt, timestamps, currentState);
  return evaluateAlarm({ ...alarm, datapoints: timestamps.map(valueAt), timestamps, currentState });
}

/** Returns the value of the period that starts at a time; null if it has no data. */
function valueReader({ period }: MetricAlarm, { start, values }: Segment) {
  return (periodStart: number): number | null => {
    const value = values[(periodStart + period * 1000 - start) / MINUTE] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
}

const MISSING = 0;
const WITHIN = 1;
const BREACHING = 2;
/** The model of an anomaly alarm has not learned enough. */
const UNTRAINED = 3;

/** Returns a function that classifies the value of the period that ends at a minute of a segment. */
function sideReader(alarm: MetricAlarm, segment: Segment): (at: number) => number {
  const { start, values } = segment;
  if (!isAnomalyAlarm(alarm)) {
    const sideOf = createClassifier(alarm);
    return (at) => sideOf(values[at] ?? Number.NaN);
  }
  const valueAt = valueReader(alarm, segment);
  return (at) => {
    const periodStart = start + at * MINUTE - alarm.period * 1000;
    const { upperThreshold } = anomalyBand(alarm, valueAt, periodStart);
    const value = values[at] ?? Number.NaN;
    if (upperThreshold === undefined) return UNTRAINED;
    if (Number.isNaN(value)) return MISSING;
    return value > upperThreshold ? BREACHING : WITHIN;
  };
}

/** Classifies values by evaluating the alarm on each value alone. */
function createClassifier(alarm: ThresholdAlarm): (value: number) => number {
  const known = new Map<number, number>();
  return (value) => {
    if (Number.isNaN(value)) return MISSING;
    let side = known.get(value);
    if (side === undefined) {
      const { state } = evaluateAlarm({
        ...alarm,
        datapoints: [value],
        evaluationPeriods: 1,
        datapointsToAlarm: 1,
        currentState: "OK",
      });
      side = state === "ALARM" ? BREACHING : WITHIN;
      known.set(value, side);
    }
    return side;
  };
}

const floor = (time: number, step: number) => time - (time % step);
