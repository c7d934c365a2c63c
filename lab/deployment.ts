/** What the synthesized stacks say must exist, with every reference resolved: the lab runs this. */
export interface Deployment {
  readonly accountId: string;
  readonly region: string;
  readonly keys: readonly DeployedKey[];
  readonly trail: DeployedTrail;
  readonly logGroups: readonly DeployedLogGroup[];
  readonly metricFilters: readonly DeployedMetricFilter[];
  readonly alarms: readonly DeployedAlarm[];
  readonly topics: readonly DeployedTopic[];
  readonly subscriptions: readonly DeployedSubscription[];
}

export interface DeployedKey {
  /** `<stack>/<Terraform resource name>`: the same key finds the same material after a restart. */
  readonly address: string;
  readonly keyId: string;
  readonly arn: string;
  readonly description: string;
  /** Alias names, `alias/…`. */
  readonly aliases: readonly string[];
}

export interface DeployedTrail {
  readonly name: string;
  readonly arn: string;
  readonly homeRegion: string;
  readonly multiRegion: boolean;
  readonly logGroupName: string;
}

export interface DeployedLogGroup {
  readonly name: string;
  readonly arn: string;
  /** Days; absent: kept for ever. */
  readonly retentionInDays?: number;
  readonly kmsKeyArn?: string;
}

export interface DeployedMetricFilter {
  readonly name: string;
  readonly logGroupName: string;
  readonly pattern: string;
  readonly transformation: MetricTransformation;
}

export interface MetricTransformation {
  readonly metricName: string;
  readonly metricNamespace: string;
  /** A number, or `$.path` into the event. */
  readonly metricValue: string;
  readonly defaultValue?: number;
  readonly unit?: string;
  /** Dimension name → `$.path`. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

export interface DeployedAlarm {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: Statistic;
  /** Seconds. */
  readonly period: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparisonOperator: ComparisonOperator;
  readonly treatMissingData: TreatMissingData;
  readonly actionsEnabled: boolean;
  /** Topic ARNs. */
  readonly alarmActions: readonly string[];
  readonly okActions: readonly string[];
  readonly insufficientDataActions: readonly string[];
}

export type Statistic = "Sum" | "Average" | "Minimum" | "Maximum" | "SampleCount";

export type ComparisonOperator =
  | "GreaterThanOrEqualToThreshold"
  | "GreaterThanThreshold"
  | "LessThanThreshold"
  | "LessThanOrEqualToThreshold";

export type TreatMissingData = "missing" | "ignore" | "breaching" | "notBreaching";

export interface DeployedTopic {
  readonly name: string;
  readonly arn: string;
  readonly displayName?: string;
}

export interface DeployedSubscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
}
