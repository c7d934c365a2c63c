/** Properties of every alarm. */
export interface AlarmBase {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  readonly actionsEnabled: boolean;
  /** ARNs of the SNS topics to notify, as in the two lists below. */
  readonly alarmActions: readonly string[];
  readonly okActions: readonly string[];
  readonly insufficientDataActions: readonly string[];
}

/** Properties of alarms that evaluate a metric. */
export interface MetricAlarmBase extends AlarmBase {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: Statistic;
  /** Seconds. */
  readonly period: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: TreatMissingData;
}

/** Compares a metric with a fixed threshold. */
export interface ThresholdAlarm extends MetricAlarmBase {
  readonly threshold: number;
  readonly comparisonOperator: ComparisonOperator;
  /**
   * A further dimension. The alarm evaluates the metric of each of its values with a Metrics Insights query, and
   * runs its actions for each value that changes its state.
   */
  readonly groupBy?: string;
}

/** Evaluates each value of a dimension. AWS calls it a multi-time-series alarm, and each series a contributor. */
export interface GroupedAlarm extends ThresholdAlarm {
  readonly groupBy: string;
}

/** Goes into ALARM above the upper bound of an anomaly detection band. */
export interface AnomalyAlarm extends MetricAlarmBase {
  /** Distance from the mean to the band's upper bound, in standard deviations. */
  readonly deviations: number;
}

/** Combines the states of other alarms. */
export interface CompositeAlarm extends AlarmBase {
  /** Alarm rule expression, such as `ALARM("a") AND NOT OK("b")`. */
  readonly rule: string;
}

export type MetricAlarm = ThresholdAlarm | AnomalyAlarm;
export type Alarm = MetricAlarm | CompositeAlarm;

export function isCompositeAlarm(alarm: Alarm): alarm is CompositeAlarm {
  return "rule" in alarm;
}

export function isMetricAlarm(alarm: Alarm): alarm is MetricAlarm {
  return !isCompositeAlarm(alarm);
}

export function isAnomalyAlarm(alarm: MetricAlarm): alarm is AnomalyAlarm {
  return "deviations" in alarm;
}

export function isGroupedAlarm(alarm: Alarm): alarm is GroupedAlarm {
  return "groupBy" in alarm && alarm.groupBy !== undefined;
}

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export type Statistic = "Sum" | "Average" | "Minimum" | "Maximum" | "SampleCount";

export type ComparisonOperator =
  | "GreaterThanOrEqualToThreshold"
  | "GreaterThanThreshold"
  | "LessThanThreshold"
  | "LessThanOrEqualToThreshold";

export type TreatMissingData = "missing" | "ignore" | "breaching" | "notBreaching";
