import {
  type AlarmState,
  isAnomalyAlarm,
  type MetricAlarm,
} from "../../../../cloudwatch/alarm/alarm.ts";
import {
  ANOMALY_MODEL,
  type AnomalyEvaluation,
  evaluateAnomaly,
} from "../../../../cloudwatch/alarm/anomaly.ts";
import { type AlarmEvaluation, evaluateAlarm } from "../../../../cloudwatch/alarm/evaluate.ts";
import { evaluationRange } from "../../../../cloudwatch/alarm/range.ts";
import { stateReasonDocument } from "../../../../cloudwatch/alarm/reason.ts";
import { type StatisticSet, statisticOf } from "../../../../cloudwatch/metric.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { StateRecord } from "./history.ts";

export const notModelled: readonly string[] = [
  `An alarm on an anomaly detection band is evaluated by ${ANOMALY_MODEL}. AWS trains a model of hourly and weekly patterns on two weeks of data.`,
  "The only metric math that alarms support is an anomaly detection band, and the only Metrics Insights query that they support groups a metric by one dimension.",
  "An alarm on a Metrics Insights query evaluates all series. AWS queries at most 10,000 metrics, returns at most 500 series, and keeps at most 100 contributors in ALARM.",
  "The number of periods that an alarm looks back beyond its evaluation periods is inferred: two more, or one minute for periods under a minute.",
  "An alarm evaluates the data of all units of its metric together. AWS keeps units apart.",
];

type Evaluation = AlarmEvaluation & Partial<Pick<AnomalyEvaluation, "upperThresholds">>;

/**
 * Evaluates an alarm on the periods up to `at` (epoch milliseconds).
 * @returns the new state, or undefined if the state does not change
 */
export function evaluateMetricAlarm(
  alarm: MetricAlarm,
  currentState: AlarmState,
  metrics: Metrics,
  at: number,
): StateRecord | undefined {
  const key = {
    namespace: alarm.namespace,
    name: alarm.metricName,
    dimensions: alarm.dimensions,
  };
  const totalAt = (start: number) =>
    metrics.total(key, { start, end: start + alarm.period * 1000 });
  const valueIn = (total: StatisticSet | undefined) =>
    total === undefined ? null : statisticOf[alarm.statistic](total);

  const timestamps = evaluationRange(alarm, at);
  const totals = timestamps.map(totalAt);
  const evaluation: Evaluation = isAnomalyAlarm(alarm)
    ? evaluateAnomaly(alarm, (start) => valueIn(totalAt(start)), timestamps, currentState)
    : evaluateAlarm({ ...alarm, datapoints: totals.map(valueIn), timestamps, currentState });
  const { state, reason, evaluated, upperThresholds } = evaluation;
  if (state === currentState) return undefined;

  const reasonData = stateReasonDocument({
    statistic: alarm.statistic,
    period: alarm.period,
    threshold: isAnomalyAlarm(alarm) ? undefined : alarm.threshold,
    upperThresholds: upperThresholds && evaluated.flatMap((index) => upperThresholds[index] ?? []),
    queryDate: at,
    evaluatedDatapoints: evaluated.map((index) => {
      const timestamp = timestamps[index] ?? at;
      const total = totals[index];
      if (total === undefined) return { timestamp };
      return { timestamp, sampleCount: total.sampleCount, value: valueIn(total) ?? 0 };
    }),
  });
  return { value: state, reason, reasonData };
}
