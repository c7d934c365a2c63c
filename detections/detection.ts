import type { DetectionScope, MonitoringScope } from "./scope.ts";

/** `critical` and `high` go to the urgent topic, which pages somebody; the others to the routine topic. */
export type Severity = "critical" | "high" | "medium" | "low";

/** The attacker's goal, as named by MITRE ATT&CK. */
export type Tactic =
  | "credential access"
  | "execution"
  | "privilege escalation"
  | "defense evasion"
  | "collection"
  | "exfiltration"
  | "impact";

/** The CloudWatch metric that an alarm evaluates. */
export interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions?: { readonly [name: string]: string };
}

/** A CloudTrail record, as a trail delivers it to its log group. */
export type CloudTrailRecord = Readonly<Record<string, unknown>>;

/** A CloudTrail record that a detection must or must not count. */
export interface ExampleEvent {
  /** What happened, in a few words. */
  readonly name: string;
  readonly record: CloudTrailRecord;
  /** IDs of other detections that count it, without those of the CIS pack. */
  readonly alsoFires?: readonly string[];
}

/** The metrics of one request to the service, which a detection must or must not count. */
export interface ExampleReport {
  /** What happened, in a few words. */
  readonly name: string;
  /** Values by metric name. */
  readonly values: Readonly<Record<string, number>>;
  /** Opaque id of the client whose request it is. Default: identity is off. */
  readonly client?: string;
}

/** Callers, identified by fields of CloudTrail's userIdentity. */
export interface ExpectedCallers {
  /** Principals of AWS services. */
  readonly services?: readonly string[];
  /** ARNs of roles. */
  readonly roles?: readonly string[];
  /** ARNs of users and sessions. They can end with `*`. */
  readonly callers?: readonly string[];
}

/** A second alarm, which fires above the band that CloudWatch's anomaly detection model expects. */
export interface AnomalySettings {
  readonly severity: Severity;
  /** Standard deviations between the expected value and the upper edge of the band. */
  readonly deviations: number;
  /** Seconds: a multiple of 60. */
  readonly period: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
}

/** Calls that EventBridge emails within seconds; the trail delivers them minutes later. */
export interface ChangeNotification<Scope extends MonitoringScope = DetectionScope> {
  /** The `detail` of an EventBridge pattern for "AWS API Call via CloudTrail". Only write calls match. */
  readonly detail: (scope: Scope) => Readonly<Record<string, unknown>>;
  /** The `detail` of a second rule, which reports the calls that would silence the first. Default: there is none. */
  readonly guard?: (scope: Scope) => Readonly<Record<string, unknown>>;
}

interface DetectionBase<Scope extends MonitoringScope> {
  /** Name of its file and its metric. With the prefix `cipherwatch-<env>-`, the name of its alarm. */
  readonly id: string;
  /** Name in settings and of its runbook, which the detections of several KMS keys share. Default: `id`. */
  readonly kind?: string;
  readonly title: string;
  readonly severity: Severity;
  /** Alarms of two different tactics fire attack-under-way. Without a tactic, the detection is ignored there. */
  readonly tactic?: Tactic;
  /** The alarm fires at this value of the statistic in a period. Settings can override it. */
  readonly threshold: number;
  /** Seconds: 10, 20, 30 or a multiple of 60; for a trail, a multiple of 60. Settings can override it. */
  readonly period: number;
  /** Number of most recent periods that the alarm evaluates. */
  readonly evaluationPeriods: number;
  /** Number of these periods that must reach the threshold. */
  readonly datapointsToAlarm: number;
  /**
   * Notify the routine topic as well as the topic of the severity: a call that silences one topic is then reported by
   * the other. Default: no.
   */
  readonly notifiesBothTopics?: boolean;
  readonly treatMissingData: "missing" | "ignore" | "breaching" | "notBreaching";
  readonly statistic: "Sum" | "Average" | "Minimum" | "Maximum" | "SampleCount";
  /** What it means when the alarm fires: a few sentences for the recipient of the email. */
  readonly why: string;
  /** Harmless causes, and how to recognize them. */
  readonly falsePositives: readonly string[];
  /** Steps to take, most urgent first, in a sentence or two each. */
  readonly runbook: readonly string[];
  /** CloudWatch Logs Insights query for the events that caused the alarm. */
  readonly insightsQuery: (scope: Scope) => string;
}

/** Counts CloudTrail records that match a filter pattern. */
export interface TrailDetection<Scope extends MonitoringScope = DetectionScope>
  extends DetectionBase<Scope> {
  readonly source: "trail";
  /** CloudWatch Logs filter pattern for JSON: at most 1,024 characters, including exclusions. */
  readonly pattern: (scope: Scope) => string;
  /** Patterns of further metric filters that add to the same metric, where one pattern would be too long. */
  readonly furtherPatterns?: (scope: Scope) => readonly string[];
  /**
   * The patterns name resources that only some accounts' events contain, so `countedAccountIds` does not restrict them.
   * Default: it does.
   */
  readonly countsAllAccounts?: boolean;
  /** Callers that make these calls routinely and are not counted. Nobody by default. */
  readonly expectedCallers?: (scope: Scope) => ExpectedCallers;
  /** Further callers that are not counted, from the settings. Nobody by default. */
  readonly exclusions?: readonly string[];
  readonly anomaly?: AnomalySettings;
  readonly changeNotification?: ChangeNotification<Scope>;
  readonly mustFire: readonly ExampleEvent[];
  readonly mustNotFire: readonly ExampleEvent[];
}

/** Monitors a metric that the service reports within seconds; a trail takes minutes. */
export interface ServiceDetection<Scope extends MonitoringScope = DetectionScope>
  extends DetectionBase<Scope> {
  readonly source: "service";
  readonly metric: (scope: Scope) => Metric;
  /**
   * A dimension that the service reports in addition to those of the metric. The alarm evaluates each of its
   * values, and its notifications name the value.
   */
  readonly groupBy?: string;
  /** The log group with the log lines behind the metric. */
  readonly logGroupName: (scope: Scope) => string;
  readonly mustFire: readonly ExampleReport[];
  readonly mustNotFire: readonly ExampleReport[];
}

/**
 * A detection of a deployment.
 * @typeParam Scope the resources that it refers to
 */
export type Detection<Scope extends MonitoringScope = DetectionScope> =
  | TrailDetection<Scope>
  | ServiceDetection<Scope>;
