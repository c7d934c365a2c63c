/** Parts of a deployment for tests: the shape that the lab's first detection has. */
import type {
  DeployedAlarm,
  DeployedLogGroup,
  DeployedMetricFilter,
  DeployedSubscription,
  DeployedTopic,
} from "../deployment.ts";

export const ACCOUNT = { region: "ap-southeast-2", accountId: "123456789012" } as const;

const arn = (service: string, rest: string) =>
  `arn:aws:${service}:${ACCOUNT.region}:${ACCOUNT.accountId}:${rest}`;

export const TOPIC: DeployedTopic = { name: "alerts", arn: arn("sns", "alerts") };

export const SUBSCRIPTION: DeployedSubscription = {
  arn: `${TOPIC.arn}:6ae859a3-5f0d-4334-a880-c651b5891876`,
  topicArn: TOPIC.arn,
  protocol: "email",
  endpoint: "security@example.com",
};

export const LOG_GROUP: DeployedLogGroup = {
  name: "/example/trail",
  arn: arn("logs", "log-group:/example/trail"),
  retentionInDays: 7,
};

export const FILTER: DeployedMetricFilter = {
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

export const ALARM: DeployedAlarm = {
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
  threshold: 3,
  comparisonOperator: "GreaterThanOrEqualToThreshold",
  treatMissingData: "notBreaching",
  actionsEnabled: true,
  alarmActions: [TOPIC.arn],
  okActions: [],
  insufficientDataActions: [],
};
