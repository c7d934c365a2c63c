import { isAnomalyAlarm, isMetricAlarm, type MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { statisticOf } from "../../cloudwatch/metric.ts";
import { isTransition } from "../aws/cloudwatch/alarms/history.ts";
import type { ConsoleSources } from "./sources.ts";

/** The metric of an alarm, for the chart. Times are lab time in epoch seconds. */
export interface MetricChart {
  readonly alarm: string;
  readonly label: string;
  readonly threshold: number | undefined;
  readonly start: number;
  readonly end: number;
  /** The start of each period that has data; `values` has the alarm's statistic of each. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** The periods that the latest evaluation considered. */
  readonly evaluated: TimeRange;
  /** The times during which the alarm was in ALARM. */
  readonly inAlarm: readonly TimeRange[];
}

type TimeRange = readonly [from: number, to: number];

const CHART_MINUTES = 30;

/** Returns the chart of an alarm with a metric; undefined for any other name. */
export function metricChart(
  { aws, clock, deployment }: ConsoleSources,
  alarmName: string,
): MetricChart | undefined {
  const alarm = [...deployment.alarms, ...deployment.anomalyAlarms].find(
    ({ name }) => name === alarmName,
  );
  if (alarm === undefined) return undefined;
  const { namespace, metricName: name, dimensions, period } = alarm;
  const end = clock.now();
  const start = end - (end % (period * 1000)) - CHART_MINUTES * 60_000;
  const datapoints = aws.services.metrics.statistics(
    { namespace, name, dimensions },
    { start, end, seconds: period },
  );
  const lastEvaluation = end - (end % Math.min(60_000, period * 1000));
  return {
    alarm: alarmName,
    label: `${alarm.statistic} of ${name} in ${period} s`,
    threshold: isAnomalyAlarm(alarm) ? undefined : alarm.threshold,
    start: start / 1000,
    end: end / 1000,
    times: datapoints.map(({ timestamp }) => timestamp / 1000),
    values: datapoints.map((datapoint) => statisticOf[alarm.statistic](datapoint)),
    evaluated: [lastEvaluation / 1000 - period * alarm.evaluationPeriods, lastEvaluation / 1000],
    inAlarm: alarmRanges(aws, alarmName, start, end),
  };
}

function alarmRanges(
  { services }: ConsoleSources["aws"],
  alarmName: string,
  start: number,
  end: number,
): readonly TimeRange[] {
  const changes = services.cloudWatch
    .state()
    .history.filter((item) => item.alarmName === alarmName && isTransition(item))
    .toReversed();
  return changes.flatMap((change, index): readonly TimeRange[] => {
    const until = changes[index + 1]?.at ?? end;
    return isTransition(change, "ALARM") && until > start
      ? [[Math.max(change.at, start) / 1000, until / 1000]]
      : [];
  });
}

/** Returns the alarm to chart by default: of those in ALARM, the one that fired last; if none is, kms-errors. */
export function defaultChartAlarm({ aws, deployment }: ConsoleSources): string {
  const { alarms } = aws.services.cloudWatch.state();
  const withMetric = alarms.filter(({ alarm }) => isMetricAlarm(alarm) && !isAnomalyAlarm(alarm));
  const [latest] = withMetric
    .filter(({ state }) => state.value === "ALARM")
    .sort((a, b) => b.stateTransitionedAt - a.stateTransitionedAt);
  const errors = deployment.alarms.find(({ name }) => name.endsWith("-kms-errors"));
  return latest?.alarm.name ?? errors?.name ?? nameOf(withMetric[0]?.alarm as MetricAlarm);
}

const nameOf = (alarm: MetricAlarm | undefined) => alarm?.name ?? "";
