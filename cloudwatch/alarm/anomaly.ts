import { formatJavaDouble } from "../java-double.ts";
import type { AlarmState, AnomalyAlarm } from "./alarm.ts";
import { type AlarmEvaluation, evaluateAlarm } from "./evaluate.ts";
import { pluralize, stateReason } from "./reason.ts";

/** Names the model wherever its results are shown: CloudWatch's own cannot be reproduced. */
export const ANOMALY_MODEL =
  "a simplified anomaly model, not CloudWatch's (mean and standard deviation of the previous 24 hours)";

/** Milliseconds of history before a datapoint that the model learns from. */
export const ANOMALY_TRAINING_WINDOW = 24 * 60 * 60 * 1000;

/** Datapoints that the model needs in the training window. CloudWatch also needs hours of data at first. */
export const MIN_TRAINING_DATAPOINTS = 36;

export interface AnomalyEvaluation extends AlarmEvaluation {
  /** The band's upper bound for each datapoint; `undefined` where the history is too short. */
  readonly upperThresholds: readonly (number | undefined)[];
}

/** Returns the upper bound of the band after a history; undefined if it is too short. */
export function upperThreshold(history: readonly number[], deviations: number): number | undefined {
  if (history.length < MIN_TRAINING_DATAPOINTS) return undefined;
  const mean = history.reduce((sum, value) => sum + value, 0) / history.length;
  const variance = history.reduce((sum, value) => sum + (value - mean) ** 2, 0) / history.length;
  return upperBound({ mean, variance, deviations });
}

/**
 * Returns the mean plus a number of deviations. The deviation is at least 1 and at least the square root of
 * the mean, because event counts vary by that much at random.
 */
export function upperBound(model: {
  readonly mean: number;
  readonly variance: number;
  readonly deviations: number;
}): number {
  const { mean, variance, deviations } = model;
  return mean + deviations * Math.max(Math.sqrt(variance), Math.sqrt(Math.abs(mean)), 1);
}

/** What the model knows about a period. */
export interface AnomalyBand {
  /** Datapoints in the training window. */
  readonly learned: number;
  /** `undefined` if the history is too short. */
  readonly upperThreshold: number | undefined;
}

/**
 * Learns from the training window before a period.
 * @param valueAt returns the statistic of the period that starts at a time; null if it has no data
 * @param start of the period
 */
export function anomalyBand(
  { period, deviations }: AnomalyAlarm,
  valueAt: (start: number) => number | null,
  start: number,
): AnomalyBand {
  const step = period * 1000;
  const history: number[] = [];
  for (let back = Math.floor(ANOMALY_TRAINING_WINDOW / step); back > 0; back--) {
    const value = valueAt(start - back * step);
    if (value !== null) history.push(value);
  }
  return { learned: history.length, upperThreshold: upperThreshold(history, deviations) };
}

/**
 * Determines the state of an alarm on an anomaly detection band, using a simplified model. CloudWatch's own
 * model learns hourly and weekly patterns from two weeks of data and is not published.
 * @param valueAt returns the statistic of the period that starts at a time; null if it has no data
 * @param timestamps start times of the periods in the evaluation range, oldest first
 */
export function evaluateAnomaly(
  alarm: AnomalyAlarm,
  valueAt: (start: number) => number | null,
  timestamps: readonly number[],
  currentState: AlarmState,
): AnomalyEvaluation {
  const values = timestamps.map(valueAt);
  const bands = timestamps.map((start) => anomalyBand(alarm, valueAt, start));
  const upperThresholds = bands.map((band) => band.upperThreshold);
  const longestHistory = Math.max(...bands.map(({ learned }) => learned));
  if (longestHistory < MIN_TRAINING_DATAPOINTS) {
    return {
      state: "INSUFFICIENT_DATA",
      reason: `Insufficient Data: ${ANOMALY_MODEL} has ${pluralize(longestHistory, "datapoint")} of the ${MIN_TRAINING_DATAPOINTS} that it needs.`,
      evaluated: [],
      upperThresholds,
    };
  }
  // Evaluate 1 (above the band) and 0 (not above it) against a threshold of 0.
  const datapoints = values.map((value, index) => {
    const threshold = upperThresholds[index];
    return value === null || threshold === undefined ? null : Number(value > threshold);
  });
  const { state, evaluated } = evaluateAlarm({
    ...alarm,
    datapoints,
    threshold: 0,
    comparisonOperator: "GreaterThanThreshold",
    currentState,
  });
  const received = evaluated.filter((index) => datapoints[index] !== null);
  const crossing = received.filter((index) => (datapoints[index] === 1) === (state === "ALARM"));
  const thresholds = crossing.map((index) =>
    formatJavaDouble(roundToHundredths(upperThresholds[index] ?? 0)),
  );
  return {
    state,
    evaluated,
    upperThresholds,
    reason: stateReason({
      state,
      ...alarm,
      received: received.length,
      missing: alarm.evaluationPeriods - received.length,
      condition: `greater than the upper thresholds [${thresholds.join(", ")}] of ${ANOMALY_MODEL}`,
      crossing: crossing.map((index) => ({
        value: values[index] ?? 0,
        timestamp: timestamps[index],
      })),
    }),
  };
}

const roundToHundredths = (value: number) => Math.round(value * 100) / 100;
