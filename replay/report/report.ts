import type { MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { AlarmProblem, Binding, NotReplayed, ReplayedKey } from "../detections/detections.ts";
import type { EventCounts, KeyUse, Matches, Span } from "../evaluate/tally.ts";
import type { Transition } from "../evaluate/transitions.ts";
import type { Who } from "../evaluate/who.ts";
import type { FileError } from "../read/scan-files.ts";

/** The results of a replay. Times are milliseconds since the epoch. */
export interface Report {
  readonly input: Input;
  /** Times of the first and last event; null if there are no events. */
  readonly span: Span | null;
  readonly detections: readonly DetectionReport[];
  readonly composites: readonly CompositeReport[];
  /** The results with `--exclude`; null without it. */
  readonly exclusions: ExclusionsReport | null;
  /** Problems of imported alarms. The alarms of the stacks have none, which tests check. */
  readonly problems: readonly AlarmProblem[];
  readonly notReplayed: readonly NotReplayed[];
  /** Keys of `--keys` and `--key-arn` without matches, which may be due to a wrong ARN. */
  readonly unseenKeys: readonly ReplayedKey[];
  /** KMS calls by role and by key; null if all detections are bound to a role and a key. */
  readonly keyUse: { readonly roles: readonly KeyUse[]; readonly keys: readonly KeyUse[] } | null;
}

export interface Input extends EventCounts {
  /** Number of CloudTrail digests skipped. */
  readonly digests: number;
  /** Number of other files skipped by name. */
  readonly others: number;
  readonly files: number;
  readonly bytes: number;
  readonly malformed: number;
  readonly unreadable: number;
  readonly errors: readonly FileError[];
}

export interface DetectionReport {
  readonly id: string;
  readonly patterns: readonly string[];
  readonly unbound: readonly Binding[];
  readonly matches: Matches;
  readonly who: Who;
  readonly alarms: readonly AlarmReport[];
}

/** The history of an alarm of any type. */
export interface StateReport {
  readonly name: string;
  /** The first line of its description, and the threshold if `--threshold` overrides it. */
  readonly title: string;
  readonly transitions: readonly Transition[];
  /** The times in ALARM that events caused. */
  readonly fired: readonly AlarmSpan[];
}

export interface AlarmReport extends StateReport {
  /** The alarm, with the threshold that was evaluated. */
  readonly alarm: MetricAlarm;
  /** Set if `--threshold` overrides it. */
  readonly deployedThreshold?: number;
  /** Empty for anomaly alarms. */
  readonly sweep: readonly SweepStep[];
}

export interface CompositeReport extends StateReport {
  /** Alarms in its rule that cannot be replayed. They count as never in ALARM. */
  readonly missingAlarms: readonly string[];
}

export interface AlarmSpan {
  readonly from: number;
  /** Null if the alarm stays in ALARM after the last event. */
  readonly to: number | null;
}

/** The result of another threshold. */
export interface SweepStep {
  readonly threshold: number;
  /** Seconds over which the alarm counts with this threshold. */
  readonly period: number;
  readonly fired: number;
  readonly perDay: number;
  /** Milliseconds in ALARM. */
  readonly inAlarm: number;
}

/** What would still fire with `--exclude`, and what would no longer be detected. */
export interface ExclusionsReport {
  readonly detections: readonly ExclusionReport[];
  readonly composites: readonly RemainingAlarm[];
}

export interface ExclusionReport {
  readonly id: string;
  readonly exclusions: readonly string[];
  readonly remaining: DetectionReport;
  readonly hidden: DetectionReport;
  readonly alarms: readonly RemainingAlarm[];
}

/** An alarm with exclusions. */
export interface RemainingAlarm extends StateReport {
  /** The times in ALARM without exclusions during which it would not be in ALARM with them. */
  readonly lost: readonly AlarmSpan[];
}
