/** How bad it is if the alarm is true: `critical` wakes somebody, `low` waits for office hours. */
export type Severity = "critical" | "high" | "medium" | "low";

/** What the detections watch, as the stacks know it. */
export interface Watched {
  /** IAM role of the running service; may hold Terraform references, so for patterns only. */
  readonly serviceRoleArn: string;
  /** Name of that role: plain text, for Logs Insights queries. */
  readonly serviceRoleName: string;
  /** KMS key that seals the records; may hold Terraform references, so for patterns only. */
  readonly keyArn: string;
  /** CloudWatch namespace of the metrics that the service itself reports. */
  readonly serviceNamespace: string;
}

/** Where an alarm finds its points. */
export interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions?: { readonly [name: string]: string };
}

/** One CloudTrail record as a trail delivers it to its log group. */
export type CloudTrailRecord = Readonly<Record<string, unknown>>;

/** A record that proves a detection, and in a few words what happened in it. */
export interface Example {
  readonly name: string;
  readonly record: CloudTrailRecord;
}

interface DetectionBase {
  /** Also the name of its file, of its metric and, after `cipherwatch-<env>-`, of its alarm. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** The alarm fires at this many or more in a period. Settings may say otherwise. */
  readonly threshold: number;
  /** Seconds: 10, 20, 30 or a multiple of 60. What a trail delivers has one-minute points. */
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
  /** What to do, the most urgent first: each step a sentence. */
  readonly runbook: readonly string[];
  /** CloudWatch Logs Insights query that shows the events behind the alarm. */
  readonly insightsQuery: (watched: Watched) => string;
}

/** Counts the trail's records that match a filter pattern. */
export interface TrailDetection extends DetectionBase {
  readonly source: "trail";
  /** CloudWatch Logs filter pattern, at most 1,024 characters. */
  readonly pattern: (watched: Watched) => string;
  readonly mustFire: readonly Example[];
  readonly mustNotFire: readonly Example[];
}

/** Reads a metric that the service itself reports: seconds after the fact, where a trail takes minutes. */
export interface ServiceDetection extends DetectionBase {
  readonly source: "service";
  readonly metric: (watched: Watched) => Metric;
}

export type Detection = TrailDetection | ServiceDetection;
