import { isAnomalyAlarm, type MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { childAlarmNames, parseAlarmRule } from "../../cloudwatch/alarm/composite.ts";
import { evaluationInterval } from "../../cloudwatch/alarm/range.ts";
import {
  type ReplayedDetection,
  type ReplayedDetections,
  withThreshold,
} from "../detections/detections.ts";
import type { ExclusionTrial } from "../detections/exclude.ts";
import { metricIdsOf } from "../detections/math-alarm.ts";
import { compositeTransitions } from "../evaluate/composite.ts";
import { createMinuteCounter } from "../evaluate/counts.ts";
import { MINUTE } from "../evaluate/scan.ts";
import type { Series } from "../evaluate/series.ts";
import { type Matches, matchesOf, type Span, type Tally } from "../evaluate/tally.ts";
import { createTimelines, type TimelineOf } from "../evaluate/timeline.ts";
import { type Transition, transitionsOf } from "../evaluate/transitions.ts";
import { compareExclusions } from "./exclusions.ts";
import type {
  AlarmReport,
  CompositeReport,
  DetectionReport,
  Input,
  Report,
  StateReport,
} from "./report.ts";
import { alarmSpans, sweepThresholds } from "./sweep.ts";

/** Evaluates the alarms of all detections over the tallied events. */
export function buildReport({
  tally,
  detections: { detections, filters, composites, notReplayed, problems, keys = [] },
  trials,
  monitoredMetrics,
  thresholds,
  sweep,
  input,
  countsKeyUse,
}: {
  readonly tally: Tally;
  /** The detections, with the filters of the trials. */
  readonly detections: ReplayedDetections;
  readonly trials: readonly ExclusionTrial[];
  readonly monitoredMetrics: readonly string[];
  /** Thresholds to evaluate instead of the deployed ones, by detection id. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Whether to evaluate other thresholds too. */
  readonly sweep: boolean;
  readonly input: Input;
  readonly countsKeyUse: boolean;
}): Report {
  const span = tally.span();
  const timelineOf = createTimelines();
  const reportOf = ({
    id,
    filters: indices,
    alarms,
    unbound,
    evaluations,
  }: ReplayedDetection): DetectionReport => ({
    id,
    patterns: indices.map((index) => filters[index]?.pattern ?? ""),
    unbound,
    matches: sumMatches(indices.map((index) => tally.matches(index))),
    who: tally.who(indices),
    alarms: alarms.map((alarm) =>
      alarmReport(alarm, {
        series: metricIdsOf(alarm).map((id) => tally.series(monitoredMetrics.indexOf(id))),
        timelineOf,
        threshold: thresholds.get(id),
        evaluations,
        sweep,
        span,
      }),
    ),
  });
  const reports = detections.map(reportOf);
  const composed = compositeReports(composites, reports, span);
  const trialReports = trials.map(({ exclusions, remaining, hidden }) => ({
    exclusions,
    remaining: reportOf(remaining),
    hidden: reportOf(hidden),
  }));
  return {
    input,
    span: span ?? null,
    detections: reports,
    composites: composed,
    exclusions:
      trialReports.length === 0
        ? null
        : compareExclusions(
            trialReports,
            { detections: reports, composites: composed },
            (remaining) => compositeReports(composites, remaining, span),
          ),
    problems,
    notReplayed,
    unseenKeys: keys.filter(({ detectionIds }) =>
      reports.every(({ id, matches }) => matches.count === 0 || !detectionIds.includes(id)),
    ),
    keyUse: countsKeyUse ? { roles: tally.roles(), keys: tally.keys() } : null,
  };
}

function alarmReport(
  deployed: MetricAlarm,
  evaluated: {
    /** The values of each metric that the alarm reads. */
    readonly series: readonly Series[];
    readonly timelineOf: TimelineOf;
    /** The threshold to evaluate instead of the deployed one. */
    readonly threshold: number | undefined;
    readonly evaluations: ReplayedDetection["evaluations"];
    readonly sweep: boolean;
    readonly span: Span | undefined;
  },
): AlarmReport {
  const { series, span, sweep } = evaluated;
  const timelineOf = (alarm: MetricAlarm, { first }: Span) =>
    evaluated.timelineOf(alarm, series, first);
  const reportOf = (alarm: MetricAlarm) => ({
    ...stateReport(
      alarm,
      span ? transitionsOf(alarm, timelineOf(alarm, span)) : [],
      endOf(alarm, span),
    ),
    alarm,
  });
  if (isAnomalyAlarm(deployed)) return { ...reportOf(deployed), sweep: [] };
  const { threshold = deployed.threshold } = evaluated;
  const isOverridden = threshold !== deployed.threshold;
  const report = reportOf(withThreshold(deployed, threshold, evaluated));
  // The description states the deployed threshold.
  const title = `${report.title} Replayed with the threshold ${threshold}.`.trimStart();
  return {
    ...report,
    ...(isOverridden && { deployedThreshold: deployed.threshold, title }),
    sweep:
      sweep && span
        ? sweepThresholds({
            alarmWith: (value) => withThreshold(deployed, value, evaluated),
            timelineOf: (alarm) => timelineOf(alarm, span),
            include: [deployed.threshold, threshold],
            span,
          })
        : [],
  };
}

function compositeReports(
  composites: ReplayedDetections["composites"],
  detections: readonly DetectionReport[],
  span: Span | undefined,
): readonly CompositeReport[] {
  const alarms = detections.flatMap((detection) => detection.alarms);
  const others = new Map(alarms.map(({ name, transitions }) => [name, transitions]));
  const names = new Set([...others.keys(), ...composites.map(({ name }) => name)]);
  const transitions =
    span && compositeTransitions(composites, others, span.first - (span.first % MINUTE));
  const end = Math.max(...alarms.map(({ alarm }) => endOf(alarm, span)));
  return composites.map((alarm) => ({
    ...stateReport(alarm, transitions?.get(alarm.name) ?? [], end),
    missingAlarms: childAlarmNames(parseAlarmRule(alarm.rule)).filter((name) => !names.has(name)),
  }));
}

function stateReport(
  { name, description }: { readonly name: string; readonly description: string },
  transitions: readonly Transition[],
  end: number,
): StateReport {
  const title = description.split("\n", 1)[0] ?? "";
  return { name, title, transitions, fired: alarmSpans(transitions, end) };
}

function endOf(alarm: MetricAlarm, span: Span | undefined): number {
  return (span?.last ?? 0) + evaluationInterval(alarm);
}

/** Adds up the matches of several filters of one metric. */
function sumMatches(parts: readonly Matches[]): Matches {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const byMinute = createMinuteCounter();
  for (const { minutes, counts } of parts) {
    for (const [index, minute] of minutes.entries()) byMinute.add(minute, counts[index] ?? 0);
  }
  return matchesOf(byMinute.sorted());
}
