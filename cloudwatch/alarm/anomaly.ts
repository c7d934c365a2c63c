import { formatJavaDouble } from "../java-double.ts";
import type { AnomalyAlarm } from "./alarm.ts";
import { type AlarmEvaluation, evaluateAlarm } from "./evaluate.ts";
import { count, stateReason } from "./reason.ts";
import type { AlarmState } from "./state.ts";

/** Describes the model wherever its results are shown: AWS does not publish its own. */
export const ANOMALY_MODEL =
  "a simplified anomaly model, not CloudWatch's (mean and standard deviation of the previous 24 hours)";

/** Milliseconds before a datapoint that say what is usual for it. */
export const ANOMALY_TRAINING_WINDOW = 24 * 60 * 60 * 1000;

/** With fewer datapoints before it, nothing is usual yet: AWS, too, needs some hours to learn. */
export const MIN_TRAINING_DATAPOINTS = 36;

export interface AnomalyEvaluation extends AlarmEvaluation {
  /** The band's upper edge, by the position of its datapoint; none where nothing is usual yet. */
  readonly upperThresholds: readonly (number | undefined)[];
}

/**
 * The upper edge of what is usual after these values: mean plus deviations. What is counted varies by
 * the square root of its mean at least, and by one.
 */
export function upperThreshold(before: readonly number[], deviations: number): number | undefined {
  if (before.length < MIN_TRAINING_DATAPOINTS) return undefined;
  const mean = before.reduce((sum, value) => sum + value, 0) / before.length;
  const variance = before.reduce((sum, value) => sum + (value - mean) ** 2, 0) / before.length;
  return mean + deviations * Math.max(Math.sqrt(variance), Math.sqrt(Math.abs(mean)), 1);
}

/**
 * The state of an alarm on a band. AWS's model knows hours of the day and days of the week and learns
 * from two weeks; nobody outside can compute it, and this does not pretend to.
 * @param valueAt the statistic of the period that starts there; null: nothing was published in it
 * @param timestamps where the periods of the evaluation range start, oldest first
 */
export function evaluateAnomaly(
  alarm: AnomalyAlarm,
  valueAt: (start: number) => number | null,
  timestamps: readonly number[],
  currentState: AlarmState,
): AnomalyEvaluation {
  const step = alarm.period * 1000;
  const periods = Math.floor(ANOMALY_TRAINING_WINDOW / step);
  const first = (timestamps[0] ?? 0) - periods * step;
  const all = Array.from({ length: periods + timestamps.length }, (_, at) =>
    valueAt(first + at * step),
  );
  const values = all.slice(periods);
  const histories = timestamps.map((_, at) =>
    all.slice(at, at + periods).filter((value) => value !== null),
  );
  const upperThresholds = histories.map((before) => upperThreshold(before, alarm.deviations));
  const known = Math.max(...histories.map(({ length }) => length));
  if (known < MIN_TRAINING_DATAPOINTS) {
    return {
      state: "INSUFFICIENT_DATA",
      reason: `Insufficient Data: ${ANOMALY_MODEL} has ${count(known, "datapoint")} of the ${MIN_TRAINING_DATAPOINTS} that it needs.`,
      evaluated: [],
      upperThresholds,
    };
  }
  const datapoints = values.map((value, at) => {
    const edge = upperThresholds[at];
    return value === null || edge === undefined ? null : Number(value > edge);
  });
  const { state, evaluated } = evaluateAlarm({
    ...alarm,
    datapoints,
    threshold: 0,
    comparisonOperator: "GreaterThanThreshold",
    currentState,
  });
  const received = evaluated.filter((at) => datapoints[at] !== null);
  const crossing = received.filter((at) => (datapoints[at] === 1) === (state === "ALARM"));
  const edges = crossing.map((at) => formatJavaDouble(round(upperThresholds[at] ?? 0)));
  return {
    state,
    evaluated,
    upperThresholds,
    reason: stateReason({
      state,
      ...alarm,
      received: received.length,
      missing: alarm.evaluationPeriods - received.length,
      limit: `greater than the upper thresholds [${edges.join(", ")}] of ${ANOMALY_MODEL}`,
      crossing: crossing.map((at) => ({ value: values[at] ?? 0, timestamp: timestamps[at] })),
    }),
  };
}

const round = (value: number) => Math.round(value * 100) / 100;
