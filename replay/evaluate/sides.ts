import {
  type AnomalyAlarm,
  isAnomalyAlarm,
  type MetricAlarm,
} from "../../cloudwatch/alarm/alarm.ts";
import {
  ANOMALY_TRAINING_WINDOW,
  anomalyBand,
  MIN_TRAINING_DATAPOINTS,
  upperBound,
} from "../../cloudwatch/alarm/anomaly.ts";
import { BREACHES } from "../../cloudwatch/alarm/evaluate.ts";
import { MINUTE } from "./scan.ts";
import { type Segment, valueReader } from "./timeline.ts";

/** The period has no data. */
export const MISSING = 0;
export const WITHIN = 1;
export const BREACHING = 2;
/** The model of an anomaly alarm has not learned enough. */
export const UNTRAINED = 3;

/** The side of the threshold or band on which each value of a segment is. */
export interface Sides {
  /** Returns the side of the period that ends at a minute; MISSING for minutes outside of the segment. */
  readonly sideAt: (at: number) => number;
  /** The minutes whose side may differ from that of the minute before, ascending. */
  readonly changes: Int32Array;
}

export function createSides(alarm: MetricAlarm, segment: Segment): Sides {
  const { values, changes } = segment;
  if (isAnomalyAlarm(alarm)) return anomalySides(alarm, segment);
  const { threshold, comparisonOperator } = alarm;
  const breaches = BREACHES[comparisonOperator];
  return {
    changes,
    sideAt: (at) => {
      const value = values[at] ?? Number.NaN;
      if (Number.isNaN(value)) return MISSING;
      return breaches(value, threshold) ? BREACHING : WITHIN;
    },
  };
}

/** The band moves with every period, so the side may change although the value does not. */
function anomalySides(alarm: AnomalyAlarm, segment: Segment): Sides {
  const { values } = segment;
  const boundAt = createBoundReader(alarm, segment);
  const sides = new Int8Array(values.length);
  const changes: number[] = [];
  for (let at = 0; at < sides.length; at++) {
    const value = values[at] ?? Number.NaN;
    const bound = boundAt(at, value);
    if (bound === undefined) sides[at] = UNTRAINED;
    else if (Number.isNaN(value)) sides[at] = MISSING;
    else sides[at] = value > bound ? BREACHING : WITHIN;
    if (sides[at] !== (sides[at - 1] ?? MISSING)) changes.push(at);
  }
  return { sideAt: (at) => sides[at] ?? MISSING, changes: Int32Array.from(changes) };
}

/**
 * Integers up to this value have squares whose sum over the training window is exact. Metrics usually count
 * matches; for other values, each bound is computed from the whole history, which is slower.
 */
const MAX_EXACT = 2 ** 20;

/** Maximum relative difference between a bound from running sums and the exact one. */
const TOLERANCE = 1e-6;

/**
 * Returns a function to call for each minute of a segment, in order. It returns the upper bound for the period
 * that ends then; undefined if the history is too short. The value is on the same side of it as of the exact bound.
 */
function createBoundReader(
  alarm: AnomalyAlarm,
  segment: Segment,
): (at: number, value: number) => number | undefined {
  const { start, values } = segment;
  const { deviations } = alarm;
  const valueAt = valueReader(alarm, segment);
  const exactBound = (at: number) =>
    anomalyBand(alarm, valueAt, start + at * MINUTE - alarm.period * 1000).upperThreshold;
  const isExact = (value: number) =>
    Number.isNaN(value) || (Number.isInteger(value) && Math.abs(value) <= MAX_EXACT);
  if (!values.every(isExact)) return exactBound;

  const minutesPerPeriod = alarm.period / 60;
  const windowMinutes =
    Math.floor(ANOMALY_TRAINING_WINDOW / (alarm.period * 1000)) * minutesPerPeriod;
  // The history of a period consists of the periods before it, so each minute of a period has sums of its own.
  const [counts, sums, squares] = [0, 0, 0].map(() => new Float64Array(minutesPerPeriod)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  function count(phase: number, value: number, sign: 1 | -1): void {
    if (Number.isNaN(value)) return;
    counts[phase] = (counts[phase] ?? 0) + sign;
    sums[phase] = (sums[phase] ?? 0) + sign * value;
    squares[phase] = (squares[phase] ?? 0) + sign * value ** 2;
  }
  return (at, value) => {
    const phase = at % minutesPerPeriod;
    count(phase, values[at - minutesPerPeriod] ?? Number.NaN, 1);
    count(phase, values[at - minutesPerPeriod - windowMinutes] ?? Number.NaN, -1);
    const learned = counts[phase] ?? 0;
    if (learned < MIN_TRAINING_DATAPOINTS) return undefined;
    const mean = (sums[phase] ?? 0) / learned;
    const variance = Math.max((squares[phase] ?? 0) / learned - mean ** 2, 0);
    const bound = upperBound({ mean, variance, deviations });
    const isClose = Math.abs(value - bound) <= TOLERANCE * (1 + Math.abs(bound));
    return isClose ? exactBound(at) : bound;
  };
}
