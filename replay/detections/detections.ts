import type { CompositeAlarm, MetricAlarm, ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import type { AlarmEvaluations } from "./alarm-evaluations.ts";
import { metricIdsOf } from "./math-alarm.ts";

/** A metric that counts CloudTrail records, and its alarms. */
export interface ReplayedDetection {
  readonly id: string;
  /** Indices of the metric filters that publish to it. */
  readonly filters: readonly number[];
  /** Threshold alarms first. */
  readonly alarms: readonly MetricAlarm[];
  /** Parts of its patterns that name a resource of the stacks because no ARN was given. */
  readonly unbound: readonly Binding[];
  /** How its threshold alarm evaluates other thresholds. Default: as the deployed one. */
  readonly evaluations?: AlarmEvaluations | undefined;
}

/**
 * The alarm that `CIPHERWATCH_THRESHOLDS` would deploy: with another threshold, and with the period and the
 * statistic that the settings give an alarm with it.
 */
export function withThreshold(
  alarm: ThresholdAlarm,
  threshold: number,
  { evaluations }: Pick<ReplayedDetection, "evaluations">,
): ThresholdAlarm {
  if (threshold === alarm.threshold) return alarm;
  return { ...alarm, threshold, ...(threshold > 1 ? evaluations?.aboveOne : evaluations?.atOne) };
}

export const BINDINGS = ["role", "key"] as const;
export type Binding = (typeof BINDINGS)[number];

/** ARNs for the patterns to name instead of the stacks' role and key. */
export interface BoundArns {
  readonly roleArn?: string | undefined;
  readonly keyArn?: string | undefined;
}

/** The account and Region that the bound ARNs name. */
export function accountOf({ roleArn, keyArn }: BoundArns): {
  readonly accountId?: string | undefined;
  readonly region?: string | undefined;
} {
  const [, , , , roleAccount] = roleArn?.split(":") ?? [];
  const [, , , region, keyAccount] = keyArn?.split(":") ?? [];
  return { accountId: roleAccount ?? keyAccount, region };
}

export interface ReplayedDetections {
  readonly filters: readonly MetricFilter[];
  readonly detections: readonly ReplayedDetection[];
  readonly composites: readonly CompositeAlarm[];
  readonly notReplayed: readonly NotReplayed[];
  readonly problems: readonly AlarmProblem[];
  /** Keys of `--keys` and `--key-arn`. */
  readonly keys?: readonly ReplayedKey[];
}

/** A KMS key that some of the detections monitor. */
export interface ReplayedKey {
  readonly name: string;
  readonly arn: string;
  readonly detectionIds: readonly string[];
}

/** A mistake that prevents an alarm from firing or from notifying anyone. */
export interface AlarmProblem {
  readonly alarm: string;
  readonly kind: "never fires" | "may miss" | "notifies nobody";
  /** Completes the sentence "the alarm never fires: …". */
  readonly why: string;
}

/** An alarm, a metric filter, or a resource that may create some. */
export interface NotReplayed {
  readonly alarm: string;
  readonly why: string;
  /** Whether it could not be read and may concern CloudTrail records, so that the report may be incomplete. */
  readonly unread: boolean;
}

/** The location and the Regions of a trail's log files. */
export interface TrailArchive {
  /** `s3://bucket/prefix/AWSLogs/111122223333/CloudTrail`, without a trailing slash. */
  readonly location: string;
  readonly regions: readonly string[];
}

/** An archive without its location if the bucket of an existing trail is unknown. */
export type KnownArchive = Pick<TrailArchive, "regions"> & Partial<TrailArchive>;

/** The detections to replay if the command line names no other filters. */
export interface DefaultDetections {
  readonly detections: ReplayedDetections;
  /** Log files of the stacks' own trail. */
  readonly archive: KnownArchive;
}

/** Returns the `metricId`s of the metrics with alarms. */
export function monitoredMetricsOf(detections: readonly ReplayedDetection[]): readonly string[] {
  return [...new Set(detections.flatMap(({ alarms }) => alarms.flatMap(metricIdsOf)))];
}
