/** What alarms of every kind have. */
export interface AlarmBase {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  readonly actionsEnabled: boolean;
  /** Topic ARNs. */
  readonly alarmActions: readonly string[];
  readonly okActions: readonly string[];
  readonly insufficientDataActions: readonly string[];
}

/** What alarms on a metric have. */
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

export interface ThresholdAlarm extends MetricAlarmBase {
  readonly threshold: number;
  readonly comparisonOperator: ComparisonOperator;
}

/** Fires above the upper edge of the band. */
export interface AnomalyAlarm extends MetricAlarmBase {
  /** Half the band's width in standard deviations. */
  readonly deviations: number;
}

export interface CompositeAlarm extends AlarmBase {
  /** `ALARM("name") AND NOT OK("name")` and the like. */
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

export type Statistic = "Sum" | "Average" | "Minimum" | "Maximum" | "SampleCount";

export type ComparisonOperator =
  | "GreaterThanOrEqualToThreshold"
  | "GreaterThanThreshold"
  | "LessThanThreshold"
  | "LessThanOrEqualToThreshold";

export type TreatMissingData = "missing" | "ignore" | "breaching" | "notBreaching";
