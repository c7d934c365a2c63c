import {
  isAnomalyAlarm,
  type MetricAlarm,
  type ThresholdAlarm,
} from "../../cloudwatch/alarm/alarm.ts";
import { childAlarmNames, parseAlarmRule } from "../../cloudwatch/alarm/composite.ts";
import { evaluationInterval } from "../../cloudwatch/alarm/range.ts";
import {
  type Binding,
  type Detections,
  metricOf,
  type NotReplayed,
} from "../detections/detections.ts";
import { compositeTransitions } from "../evaluate/composite.ts";
import { MINUTE } from "../evaluate/scan.ts";
import type { Matches, Tally, Use } from "../evaluate/tally.ts";
import {
  createTimeline,
  type Timeline,
  type Transition,
  transitionsOf,
  valuesIn,
} from "../evaluate/timeline.ts";
import type { Problem } from "../read/worker.ts";

/** All that a replay says, for people and machines. Times are milliseconds since the epoch. */
export interface Report {
  readonly input: Input;
  /** Of the first and the last event; null: there was no event. */
  readonly span: { readonly first: number; readonly last: number } | null;
  readonly detections: readonly DetectionReport[];
  readonly composites: readonly CompositeReport[];
  readonly notReplayed: readonly NotReplayed[];
  /** Who uses KMS and which keys; null: the detections were bound to a role and a key. */
  readonly keyUse: { readonly roles: readonly Use[]; readonly keys: readonly Use[] } | null;
}

export interface Input {
  /** That were left out, as were others with names that CloudTrail's files have not. */
  readonly digests: number;
  readonly others: number;
  readonly files: number;
  readonly bytes: number;
  readonly events: number;
  readonly outside: number;
  readonly oversized: number;
  readonly copies: number;
  readonly countsCopies: boolean;
  readonly malformed: number;
  readonly unreadable: number;
  readonly problems: readonly Problem[];
}

export interface DetectionReport {
  readonly id: string;
  readonly patterns: readonly string[];
  readonly unbound: readonly Binding[];
  readonly matches: Matches;
  readonly alarms: readonly AlarmReport[];
}

/** What became of an alarm of any kind. */
export interface StateReport {
  readonly name: string;
  /** The first line of its description. */
  readonly title: string;
  readonly transitions: readonly Transition[];
  /** Each time that it fired. */
  readonly fired: readonly AlarmSpan[];
}

export interface AlarmReport extends StateReport {
  /** With the threshold that was evaluated. */
  readonly alarm: MetricAlarm;
  /** What the deployment says, where `--threshold` says otherwise. */
  readonly deployedThreshold?: number;
  /** Of an alarm on a threshold. */
  readonly sweep: readonly SweepStep[];
}

export interface CompositeReport extends StateReport {
  /** Alarms that its rule names and that nothing here can replay: they are taken for never in ALARM. */
  readonly without: readonly string[];
}

export interface AlarmSpan {
  readonly from: number;
  /** Null: it stays in ALARM for ever, once data stop coming. */
  readonly to: number | null;
}

/** What another threshold would have done. */
export interface SweepStep {
  readonly threshold: number;
  readonly fired: number;
  readonly perDay: number;
  /** Milliseconds in ALARM. */
  readonly inAlarm: number;
}

const DAY = 24 * 60 * MINUTE;

export function buildReport({
  tally,
  detections: { detections, filters, composites, notReplayed },
  watched,
  thresholds,
  input,
  countsKeyUse,
}: {
  readonly tally: Tally;
  readonly detections: Detections;
  readonly watched: readonly string[];
  /** By detection, instead of the deployed ones. */
  readonly thresholds: ReadonlyMap<string, number>;
  readonly input: Input;
  readonly countsKeyUse: boolean;
}): Report {
  const span = tally.span();
  const reports = detections.map(
    ({ id, filters: indices, alarms, unbound }): DetectionReport => ({
      id,
      patterns: indices.map((index) => filters[index]?.pattern ?? ""),
      unbound,
      matches: allMatches(indices.map((index) => tally.matches(index))),
      alarms: alarms.map((alarm) => {
        const series = tally.series(watched.indexOf(metricOf(alarm)));
        const timeline = span && createTimeline(alarm, series, span.first);
        return isAnomalyAlarm(alarm)
          ? anomalyReport(alarm, timeline, span)
          : thresholdReport(alarm, timeline, thresholds.get(id) ?? alarm.threshold, span);
      }),
    }),
  );
  return {
    input,
    span: span ?? null,
    detections: reports,
    composites: compositeReports(composites, reports, span),
    notReplayed,
    keyUse: countsKeyUse ? { roles: tally.roles(), keys: tally.keys() } : null,
  };
}

type Span = ReturnType<Tally["span"]>;

function anomalyReport(
  alarm: MetricAlarm,
  timeline: Timeline | undefined,
  span: Span,
): AlarmReport {
  const transitions = timeline === undefined ? [] : transitionsOf(alarm, timeline);
  return { ...stateReport(alarm, transitions, endOf(alarm, span)), alarm, sweep: [] };
}

function thresholdReport(
  deployed: ThresholdAlarm,
  timeline: Timeline | undefined,
  threshold: number,
  span: Span,
): AlarmReport {
  const alarm = { ...deployed, threshold };
  const transitions = timeline === undefined ? [] : transitionsOf(alarm, timeline);
  const tried = [deployed.threshold, threshold];
  return {
    ...stateReport(alarm, transitions, endOf(alarm, span)),
    alarm,
    ...(threshold === deployed.threshold ? {} : { deployedThreshold: deployed.threshold }),
    sweep: timeline && span ? sweep(alarm, timeline, tried, span) : [],
  };
}

function compositeReports(
  composites: Detections["composites"],
  detections: readonly DetectionReport[],
  span: Span,
): readonly CompositeReport[] {
  const others = new Map(
    detections.flatMap(({ alarms }) => alarms.map(({ name, transitions }) => [name, transitions])),
  );
  const names = new Set([...others.keys(), ...composites.map(({ name }) => name)]);
  const transitions =
    span && compositeTransitions(composites, others, span.first - (span.first % MINUTE));
  const alarms = detections.flatMap((detection) => detection.alarms.map(({ alarm }) => alarm));
  const end = Math.max(...alarms.map((alarm) => endOf(alarm, span)));
  return composites.map((alarm) => ({
    ...stateReport(alarm, transitions?.get(alarm.name) ?? [], end),
    without: childAlarmNames(parseAlarmRule(alarm.rule)).filter((name) => !names.has(name)),
  }));
}

function stateReport(
  { name, description }: { readonly name: string; readonly description: string },
  transitions: readonly Transition[],
  end: number,
): StateReport {
  const title = description.split("\n", 1)[0] ?? "";
  return { name, title, transitions, fired: firedIn(transitions, end) };
}

/**
 * The first evaluation that sees all of history. Later ones look at the silence behind it: what they find
 * ends an alarm, but begins none that anything in the files would have caused.
 */
function endOf(alarm: MetricAlarm, span: Span): number {
  return (span?.last ?? 0) + evaluationInterval(alarm);
}

function firedIn(transitions: readonly Transition[], end: number): readonly AlarmSpan[] {
  return transitions.flatMap(({ at, to }, index) =>
    to === "ALARM" && at <= end ? [{ from: at, to: transitions[index + 1]?.at ?? null }] : [],
  );
}

/** @param tried thresholds that are among the steps whatever the values are */
function sweep(
  alarm: ThresholdAlarm,
  timeline: Timeline,
  tried: readonly number[],
  span: NonNullable<Span>,
): readonly SweepStep[] {
  const { first, last } = span;
  // A history of less than a day tells nothing of how often it happens in one.
  const days = Math.max((last - first) / DAY, 1);
  const thresholds = new Set([...roundNumbers(valuesIn(timeline)), ...tried]);
  return [...thresholds]
    .sort((a, b) => a - b)
    .map((threshold) => {
      const transitions = transitionsOf({ ...alarm, threshold }, timeline);
      const fired = firedIn(transitions, endOf(alarm, span));
      return {
        threshold,
        fired: fired.length,
        perDay: fired.length / days,
        inAlarm: fired.reduce((sum, { from, to }) => sum + Math.max((to ?? last) - from, 0), 0),
      };
    });
}

const ROUND = [1, 2, 3, 5];
const MOST_STEPS = 20;

/** 1, 2, 3, 5, 10, 20… from below the smallest value to above the largest: of many, the largest. */
function roundNumbers(values: readonly number[]): readonly number[] {
  const positive = values.filter((value) => value > 0);
  const smallest = positive[0];
  const largest = positive.at(-1);
  if (smallest === undefined || largest === undefined) return [];
  const numbers: number[] = [];
  for (let power = Math.floor(Math.log10(smallest)); ; power++) {
    for (const digit of ROUND) {
      numbers.push(Number(`${digit}e${power}`));
      if ((numbers.at(-1) ?? 0) > largest) return numbers.slice(-MOST_STEPS);
    }
  }
}

/** Of several filters on one metric. */
function allMatches(parts: readonly Matches[]): Matches {
  const [only, ...more] = parts;
  if (only !== undefined && more.length === 0) return only;
  const byMinute = new Map<number, number>();
  for (const part of parts) {
    for (const [minute, count] of part.byMinute) {
      byMinute.set(minute, (byMinute.get(minute) ?? 0) + count);
    }
  }
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    byMinute: [...byMinute].sort(([a], [b]) => a - b),
  };
}
