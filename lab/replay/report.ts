import type { AlarmState } from "../alarm/evaluate.ts";
import type { DeployedAlarm } from "../deployment.ts";
import { type Binding, type Detections, metricOf, type NotReplayed } from "./detections.ts";
import { MINUTE } from "./scan.ts";
import type { Matches, Tally, Use } from "./tally.ts";
import { createTimeline, type Timeline, type Transition } from "./timeline.ts";
import type { LeftOut } from "./walk.ts";
import type { Problem } from "./worker.ts";

/** All that a replay says, for people and machines. Times are milliseconds since the epoch. */
export interface Report {
  readonly input: Input;
  /** Of the first and the last event; null: there was no event. */
  readonly span: { readonly first: number; readonly last: number } | null;
  readonly detections: readonly DetectionReport[];
  readonly notReplayed: readonly NotReplayed[];
  /** Who uses KMS and which keys; null: the detections were bound to a role and a key. */
  readonly keyUse: { readonly roles: readonly Use[]; readonly keys: readonly Use[] } | null;
}

export interface Input extends LeftOut {
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

export interface AlarmReport {
  readonly name: string;
  /** The first line of its description. */
  readonly title: string;
  readonly alarm: DeployedAlarm;
  /** What the deployment says, where `--threshold` says otherwise. */
  readonly deployedThreshold?: number;
  readonly transitions: readonly Transition[];
  /** Each time that it fired. */
  readonly fired: readonly AlarmSpan[];
  readonly sweep: readonly SweepStep[];
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
  detections: { detections, filters, notReplayed },
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
  return {
    input,
    span: span ?? null,
    detections: detections.map(({ id, filters: indices, alarms, unbound }) => ({
      id,
      patterns: indices.map((index) => filters[index]?.pattern ?? ""),
      unbound,
      matches: allMatches(indices.map((index) => tally.matches(index))),
      alarms: alarms.map((alarm) =>
        alarmReport({
          alarm,
          threshold: thresholds.get(id) ?? alarm.threshold,
          timeline:
            span &&
            createTimeline(alarm, tally.series(watched.indexOf(metricOf(alarm))), span.first),
          days: span === undefined ? 0 : Math.max((span.last - span.first) / DAY, 1),
          end: span?.last ?? 0,
        }),
      ),
    })),
    notReplayed,
    keyUse: countsKeyUse ? { roles: tally.roles(), keys: tally.keys() } : null,
  };
}

function alarmReport({
  alarm,
  threshold,
  timeline,
  days,
  end,
}: {
  readonly alarm: DeployedAlarm;
  readonly threshold: number;
  readonly timeline: Timeline | undefined;
  readonly days: number;
  readonly end: number;
}): AlarmReport {
  const transitions = timeline?.transitions(threshold) ?? [];
  return {
    name: alarm.name,
    title: alarm.description.split("\n", 1)[0] ?? "",
    alarm: { ...alarm, threshold },
    ...(threshold === alarm.threshold ? {} : { deployedThreshold: alarm.threshold }),
    transitions,
    fired: spansIn(transitions, "ALARM"),
    sweep: timeline === undefined ? [] : sweep({ alarm, threshold, timeline, days, end }),
  };
}

function spansIn(transitions: readonly Transition[], state: AlarmState): readonly AlarmSpan[] {
  return transitions.flatMap(({ at, to }, index) =>
    to === state ? [{ from: at, to: transitions[index + 1]?.at ?? null }] : [],
  );
}

function sweep({
  alarm,
  threshold,
  timeline,
  days,
  end,
}: {
  readonly alarm: DeployedAlarm;
  readonly threshold: number;
  readonly timeline: Timeline;
  readonly days: number;
  readonly end: number;
}): readonly SweepStep[] {
  const thresholds = new Set([...roundNumbers(timeline.values()), alarm.threshold, threshold]);
  return [...thresholds]
    .sort((a, b) => a - b)
    .map((tried) => {
      const spans = spansIn(timeline.transitions(tried), "ALARM");
      return {
        threshold: tried,
        fired: spans.length,
        perDay: spans.length / days,
        inAlarm: spans.reduce((sum, { from, to }) => sum + Math.max((to ?? end) - from, 0), 0),
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
