import {
  type AlarmState,
  type GroupedAlarm,
  isAnomalyAlarm,
  type MetricAlarm,
} from "../../../../cloudwatch/alarm/alarm.ts";
import {
  ANOMALY_MODEL,
  type AnomalyEvaluation,
  evaluateAnomaly,
} from "../../../../cloudwatch/alarm/anomaly.ts";
import {
  type ContributorTransition,
  evaluateContributors,
} from "../../../../cloudwatch/alarm/contributors.ts";
import { type AlarmEvaluation, evaluateAlarm } from "../../../../cloudwatch/alarm/evaluate.ts";
import { evaluationRange } from "../../../../cloudwatch/alarm/range.ts";
import { jsonTime, stateReasonDocument } from "../../../../cloudwatch/alarm/reason.ts";
import { type MetricKey, type StatisticSet, statisticOf } from "../../../../cloudwatch/metric.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { ContributorRecord } from "./alarm-store.ts";
import type { StateRecord } from "./history.ts";

export const notModelled: readonly string[] = [
  `An alarm on an anomaly detection band is evaluated by ${ANOMALY_MODEL}. AWS trains a model of hourly and weekly patterns on two weeks of data.`,
  "The only metric math that alarms support is an anomaly detection band, and the only Metrics Insights query one that groups a metric by one dimension.",
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

/**
 * Evaluates an alarm with `groupBy` on the periods up to `at` (epoch milliseconds).
 * @param inAlarm its contributors in ALARM
 */
export function evaluateGroupedAlarm(
  alarm: GroupedAlarm,
  currentState: AlarmState,
  inAlarm: readonly ContributorRecord[],
  metrics: Metrics,
  at: number,
): { readonly state: StateRecord; readonly transitions: readonly ContributorTransition[] } {
  const timestamps = evaluationRange(alarm, at);
  const series = seriesOf(alarm, metrics).flatMap(({ value, key }) => {
    const datapoints = timestamps.map((start) => {
      const total = metrics.total(key, { start, end: start + alarm.period * 1000 });
      return total === undefined ? null : statisticOf[alarm.statistic](total);
    });
    return datapoints.every((datapoint) => datapoint === null) ? [] : [{ value, datapoints }];
  });
  const evaluation = evaluateContributors(alarm, series, timestamps, inAlarm, currentState);
  const { state: value, reason, transitions } = evaluation;
  const reasonData = { version: "1.0", queryDate: jsonTime(at) };
  return { state: { value, reason, reasonData }, transitions };
}

/** Returns the metrics with exactly the dimensions of an alarm and `groupBy`, each with the value of `groupBy`. */
function seriesOf(
  { namespace, metricName, dimensions, groupBy }: GroupedAlarm,
  metrics: Metrics,
): readonly { readonly value: string; readonly key: MetricKey }[] {
  const conditions = Object.entries(dimensions);
  return metrics.list().flatMap((key) => {
    const { [groupBy]: value } = key.dimensions;
    return value !== undefined &&
      key.namespace === namespace &&
      key.name === metricName &&
      Object.keys(key.dimensions).length === conditions.length + 1 &&
      conditions.every(([name, condition]) => key.dimensions[name] === condition)
      ? [{ value, key }]
      : [];
  });
}
