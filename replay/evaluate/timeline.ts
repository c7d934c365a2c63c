import {
  isAnomalyAlarm,
  type MetricAlarm,
  type ThresholdAlarm,
} from "../../cloudwatch/alarm/alarm.ts";
import { ANOMALY_TRAINING_WINDOW, evaluateAnomaly } from "../../cloudwatch/alarm/anomaly.ts";
import { type AlarmEvaluation, evaluateAlarm } from "../../cloudwatch/alarm/evaluate.ts";
import { evaluationInterval, evaluationRange } from "../../cloudwatch/alarm/range.ts";
import type { AlarmState } from "../../cloudwatch/alarm/state.ts";
import { type StatisticSet, statisticOf } from "../../cloudwatch/metric.ts";
import { MINUTE } from "./scan.ts";
import type { Series } from "./tally.ts";

/** A change of an alarm's state. Times are milliseconds since the epoch. */
export interface Transition {
  readonly at: number;
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** In AWS's words. */
  readonly reason: string;
}

/** What an alarm's metric was, wherever an evaluation may look; made once for all thresholds. */
export interface Timeline {
  /** When evaluations begin, milliseconds since the epoch: a full minute. */
  readonly begin: number;
  readonly stretches: readonly Stretch[];
}

/** A stretch of time with data in it, and in it no gap that is longer than an evaluation looks back. */
interface Stretch {
  /** Milliseconds since the epoch, a full minute. */
  readonly start: number;
  /** For each minute from there on, the statistic of the period that ends with it; NaN: no data. */
  readonly values: Float64Array;
}

/**
 * @param alarm its period is a minute or a multiple of it: of what happens within a minute a trail's metrics
 *   know nothing
 * @param begin milliseconds since the epoch, at or before the first data: evaluations begin there
 */
export function createTimeline(alarm: MetricAlarm, series: Series, begin: number): Timeline {
  const { minutes, sets } = series;
  const period = alarm.period * 1000;
  const interval = evaluationInterval(alarm);
  // What an evaluation looks at, and then one that finds it all empty: from there on nothing changes.
  const settled =
    (evaluationRange(alarm, 0).length + 1) * period +
    interval +
    (isAnomalyAlarm(alarm) ? ANOMALY_TRAINING_WINDOW : 0);
  const timeAt = (index: number) => (minutes[index] ?? Number.POSITIVE_INFINITY) * MINUTE;
  const stretches: Stretch[] = [];
  let index = 0;
  let start = floor(begin, interval);
  do {
    let last = index;
    let end = start + settled;
    for (; timeAt(last) <= end; last++) end = timeAt(last) + settled;
    const data = { minutes: minutes.slice(index, last), sets: sets.slice(index, last) };
    stretches.push({ start, values: valuesOf(alarm, data, { start, end }) });
    index = last;
    start = floor(timeAt(index), interval);
  } while (index < minutes.length);
  return { begin: floor(begin, MINUTE), stretches };
}

function valuesOf(
  { period, statistic }: MetricAlarm,
  { minutes, sets }: Series,
  { start, end }: { readonly start: number; readonly end: number },
): Float64Array {
  const timeAt = (index: number) => (minutes[index] ?? Number.POSITIVE_INFINITY) * MINUTE;
  const values = new Float64Array((end - start) / MINUTE + 1).fill(Number.NaN);
  let from = 0;
  let to = 0;
  for (let at = 0; at < values.length; at++) {
    const periodEnd = start + at * MINUTE;
    while (timeAt(to) < periodEnd) to++;
    while (from < to && timeAt(from) < periodEnd - period * 1000) from++;
    const total = totalOf(sets, from, to);
    if (total !== undefined) values[at] = statisticOf[statistic](total);
  }
  return values;
}

function totalOf(sets: Series["sets"], from: number, to: number): StatisticSet | undefined {
  let total = sets[from];
  if (total === undefined || from === to) return undefined;
  for (let index = from + 1; index < to; index++) {
    const set: StatisticSet = sets[index] ?? total;
    total = {
      sum: total.sum + set.sum,
      sampleCount: total.sampleCount + set.sampleCount,
      minimum: Math.min(total.minimum, set.minimum),
      maximum: Math.max(total.maximum, set.maximum),
    };
  }
  return total;
}

/** Every value that a period had, ascending, each once. */
export function valuesIn({ stretches }: Timeline): readonly number[] {
  const found = new Set<number>();
  for (const { values } of stretches) for (const value of values) found.add(value);
  found.delete(Number.NaN);
  return [...found].sort((a, b) => a - b);
}

/**
 * Evaluates an alarm over history as the lab's monitor does while it happens: at the same times, over the
 * same periods, by the same functions. An alarm on a threshold is not evaluated where that cannot change
 * anything: all periods that count are on the same side of the threshold as they were a time before.
 *
 * The alarm is new, in INSUFFICIENT_DATA, when history begins; after the last event nothing more happens
 * until every period that counts is past it.
 * @throws RangeError for an alarm that AWS would refuse
 */
export function transitionsOf(
  alarm: MetricAlarm,
  { begin, stretches }: Timeline,
): readonly Transition[] {
  const changes: Transition[] = [];
  const stride = evaluationInterval(alarm) / MINUTE;
  const looked: Looked = {
    count: evaluationRange(alarm, 0).length,
    minutes: alarm.period / 60,
    isLenient: alarm.treatMissingData === "notBreaching",
  };
  const sideOf = isAnomalyAlarm(alarm) ? undefined : createSides(alarm);
  let state: AlarmState = "INSUFFICIENT_DATA";
  for (const { start, values } of stretches) {
    const sides = sideOf && Int8Array.from(values, sideOf);
    let isSettled = false;
    const first = start < begin ? stride : 0;
    for (let at = first; at < values.length; at += stride) {
      isSettled &&= sides !== undefined && areSame(sides, at - stride, at, looked);
      if (isSettled) continue;
      const { state: found, reason } = evaluate(alarm, { start, values }, at, state);
      isSettled = found === state;
      if (isSettled) continue;
      changes.push({ at: start + at * MINUTE, from: state, to: found, reason });
      state = found;
    }
  }
  return changes;
}

/** Whether two evaluations must find the same, for all that they look at is on the same sides. */
function areSame(
  sides: Int8Array,
  before: number,
  at: number,
  { count, minutes, isLenient }: Looked,
): boolean {
  let differ = false;
  let breach = false;
  for (let back = 0; back < count * minutes; back += minutes) {
    const now = sides[at - back] ?? MISSING;
    const then = sides[before - back] ?? MISSING;
    if (now !== then) differ = true;
    if (now === BREACHING || then === BREACHING) breach = true;
  }
  return !differ || (isLenient && !breach);
}

/** What an evaluation looks at. */
interface Looked {
  /** Of periods, and how many minutes each of them has. */
  readonly count: number;
  readonly minutes: number;
  /** Without any period that breaches, it is the same whether others are missing. */
  readonly isLenient: boolean;
}

function evaluate(
  alarm: MetricAlarm,
  { start, values }: Stretch,
  at: number,
  currentState: AlarmState,
): AlarmEvaluation {
  const timestamps = evaluationRange(alarm, start + at * MINUTE);
  const valueAt = (periodStart: number) => {
    const value = values[(periodStart + alarm.period * 1000 - start) / MINUTE] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
  if (isAnomalyAlarm(alarm)) return evaluateAnomaly(alarm, valueAt, timestamps, currentState);
  return evaluateAlarm({ ...alarm, datapoints: timestamps.map(valueAt), timestamps, currentState });
}

const MISSING = 0;
const WITHIN = 1;
const BREACHING = 2;

/** On which side of the threshold a value is, by the evaluation's own judgement of that value alone. */
function createSides(alarm: ThresholdAlarm): (value: number) => number {
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
