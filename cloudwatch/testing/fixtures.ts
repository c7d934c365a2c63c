/** A log group with a metric filter, and alarms with a topic and subscription, for tests. */
import type {
  AnomalyAlarm,
  CompositeAlarm,
  GroupedAlarm,
  MetricAlarmBase,
  ThresholdAlarm,
} from "../alarm/alarm.ts";
import type { MetricFilter } from "../metric-filter.ts";

export const ACCOUNT = { region: "ap-southeast-2", accountId: "123456789012" } as const;

const arn = (service: string, rest: string) =>
  `arn:aws:${service}:${ACCOUNT.region}:${ACCOUNT.accountId}:${rest}`;

export const TOPIC = { name: "alerts", arn: arn("sns", "alerts") };

export const SUBSCRIPTION = {
  arn: `${TOPIC.arn}:6ae859a3-5f0d-4334-a880-c651b5891876`,
  topicArn: TOPIC.arn,
  protocol: "email",
  endpoint: "security@example.com",
};

export const LOG_GROUP = {
  name: "/example/trail",
  arn: arn("logs", "log-group:/example/trail"),
  retentionInDays: 7,
};

export const FILTER: MetricFilter = {
  name: "kms-errors",
  logGroupName: LOG_GROUP.name,
  pattern: '{ $.eventSource = "kms.amazonaws.com" && $.errorCode = "*" }',
  transformation: {
    metricName: "kms-errors",
    metricNamespace: "Example",
    metricValue: "1",
    defaultValue: 0,
    unit: "Count",
  },
};

const METRIC_ALARM_BASE: MetricAlarmBase = {
  name: "kms-errors",
  arn: arn("cloudwatch", "alarm:kms-errors"),
  description: "KMS refused the service.\nSee the runbook.",
  namespace: "Example",
  metricName: "kms-errors",
  dimensions: {},
  statistic: "Sum",
  period: 60,
  evaluationPeriods: 1,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  actionsEnabled: true,
  alarmActions: [TOPIC.arn],
  okActions: [],
  insufficientDataActions: [],
};

export const ALARM: ThresholdAlarm = {
  ...METRIC_ALARM_BASE,
  threshold: 3,
  comparisonOperator: "GreaterThanOrEqualToThreshold",
};

export const ANOMALY_ALARM: AnomalyAlarm = {
  ...METRIC_ALARM_BASE,
  name: "kms-errors-anomaly",
  arn: arn("cloudwatch", "alarm:kms-errors-anomaly"),
  period: 300,
  evaluationPeriods: 3,
  datapointsToAlarm: 2,
  deviations: 2,
};

/** Evaluates a metric for each value of the dimension Team. */
export const GROUPED_ALARM: GroupedAlarm = {
  ...ALARM,
  name: "kms-errors-by-team",
  arn: arn("cloudwatch", "alarm:kms-errors-by-team"),
  metricName: "kms_errors",
  dimensions: { Stage: "dev" },
  groupBy: "Team",
};

export const COMPOSITE_ALARM: CompositeAlarm = {
  name: "both",
  arn: arn("cloudwatch", "alarm:both"),
  description: "Two at once.",
  actionsEnabled: true,
  alarmActions: [TOPIC.arn],
  okActions: [],
  insufficientDataActions: [],
  rule: 'ALARM("kms-errors") AND ALARM("other")',
};
