import type { DetectionScope } from "./scope.ts";

/** How bad it is if the alarm is true: `critical` and `high` wake somebody, the others can wait. */
export type Severity = "critical" | "high" | "medium" | "low";

/** What an attacker would be doing, in the words of MITRE ATT&CK. */
export type Tactic =
  | "credential access"
  | "execution"
  | "defense evasion"
  | "collection"
  | "exfiltration"
  | "impact";

/** Where an alarm finds its points. */
export interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions?: { readonly [name: string]: string };
}

/** One CloudTrail record as a trail delivers it to its log group. */
export type CloudTrailRecord = Readonly<Record<string, unknown>>;

/** A record that proves a detection, and in a few words what happened in it. */
export interface ExampleEvent {
  readonly name: string;
  readonly record: CloudTrailRecord;
  /** Ids of other detections that fire on it too, of the CIS pack's aside. */
  readonly alsoFires?: readonly string[];
}

/** What the service reports of one request, and in a few words what happened in it. */
export interface ExampleReport {
  readonly name: string;
  /** Metric → value. */
  readonly values: Readonly<Record<string, number>>;
}

/** Callers, by what CloudTrail's userIdentity says of them. */
export interface ExpectedCallers {
  /** AWS services, by their principals. */
  readonly services?: readonly string[];
  /** ARNs of roles. */
  readonly roles?: readonly string[];
  /** ARNs of users and sessions, which may end with `*`. */
  readonly callers?: readonly string[];
}

/** An alarm on more than CloudWatch's model of the metric finds usual, beside the one on a threshold. */
export interface AnomalySettings {
  readonly severity: Severity;
  /** Standard deviations between the expected value and the upper edge of the band. */
  readonly deviations: number;
  /** Seconds: 60 or a multiple of it. */
  readonly period: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
}

/** Events for which EventBridge gives notice within seconds, while the trail is minutes behind. */
export interface ChangeNotification {
  /** The `detail` of an EventBridge pattern for "AWS API Call via CloudTrail"; write calls alone. */
  readonly detail: (scope: DetectionScope) => Readonly<Record<string, unknown>>;
}

interface DetectionBase {
  /** Also the name of its file, of its metric and, after `cipherwatch-<env>-`, of its alarm. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** Two of different tactics at once are an attack under way. None: it says too little for that. */
  readonly tactic?: Tactic;
  /** The alarm fires at this many or more in a period. Settings may say otherwise. */
  readonly threshold: number;
  /** Seconds: 10, 20, 30 or a multiple of 60; settings may say otherwise. A trail has one-minute points. */
  readonly period: number;
  /** N of "M of N": periods that are looked at. */
  readonly evaluationPeriods: number;
  /** M of "M of N": periods among them that must be at the threshold. */
  readonly datapointsToAlarm: number;
  readonly treatMissingData: "missing" | "ignore" | "breaching" | "notBreaching";
  readonly statistic: "Sum" | "Average" | "Minimum" | "Maximum" | "SampleCount";
  /** What it means when this fires: one or two sentences for whoever gets the mail. */
  readonly why: string;
  /** What else may cause it, and how to tell. */
  readonly falsePositives: readonly string[];
  /** What to do, the most urgent first: each step a sentence or two. */
  readonly runbook: readonly string[];
  /** CloudWatch Logs Insights query that shows the events behind the alarm. */
  readonly insightsQuery: (scope: DetectionScope) => string;
}

/** Counts the trail's records that match a filter pattern. */
export interface TrailDetection extends DetectionBase {
  readonly source: "trail";
  /** CloudWatch Logs filter pattern for JSON, with its exclusions at most 1,024 characters. */
  readonly pattern: (scope: DetectionScope) => string;
  /** Whoever does this as a matter of course, and is not counted. Nobody unless given. */
  readonly expectedCallers?: (scope: DetectionScope) => ExpectedCallers;
  /** As settings spell them: more who are expected. Nobody unless given. */
  readonly exclusions?: readonly string[];
  readonly anomaly?: AnomalySettings;
  readonly changeNotification?: ChangeNotification;
  readonly mustFire: readonly ExampleEvent[];
  readonly mustNotFire: readonly ExampleEvent[];
}

/** Reads a metric that the service itself reports: seconds after the fact, where a trail takes minutes. */
export interface ServiceDetection extends DetectionBase {
  readonly source: "service";
  readonly metric: (scope: DetectionScope) => Metric;
  readonly mustFire: readonly ExampleReport[];
  readonly mustNotFire: readonly ExampleReport[];
}

export type Detection = TrailDetection | ServiceDetection;
