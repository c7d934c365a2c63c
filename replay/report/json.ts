import { isAnomalyAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { ANOMALY_MODEL } from "../../cloudwatch/alarm/anomaly.ts";
import { MINUTE } from "../evaluate/scan.ts";
import type { Who } from "../evaluate/who.ts";
import type {
  AlarmReport,
  AlarmSpan,
  DetectionReport,
  ExclusionReport,
  RemainingAlarm,
  Report,
  StateReport,
} from "./report.ts";

/**
 * Formats the report as JSON, with times in ISO 8601 and durations in seconds. Programs depend on the
 * member names: add members, but do not rename any.
 */
export function renderJson(report: Report): string {
  const { input, span, detections, composites, exclusions, keyUse } = report;
  const { errors, ...counts } = input;
  return JSON.stringify(
    {
      input: counts,
      problems: errors,
      span: span && { first: iso(span.first), last: iso(span.last) },
      detections: detections.map(detectionJson),
      composites: composites.map((composite) => ({
        ...stateJson(composite),
        without: composite.missingAlarms,
      })),
      exclusions: exclusions && {
        detections: exclusions.detections.map(exclusionJson),
        composites: exclusions.composites.map(remainingJson),
      },
      alarmProblems: report.problems,
      notReplayed: report.notReplayed,
      unseenKeys: report.unseenKeys.map(({ name, arn }) => ({ name, arn })),
      keyUse,
    },
    null,
    2,
  );
}

function detectionJson({ id, patterns, unbound, matches, who, alarms }: DetectionReport): object {
  return {
    id,
    patterns,
    unbound,
    matches: matches.count,
    minutes: Array.from(matches.minutes, (minute, index) => ({
      minute: iso(minute * MINUTE),
      matches: matches.counts[index],
    })),
    ...whoJson(who),
    alarms: alarms.map(alarmJson),
  };
}

function whoJson({ events, ...callers }: Who): object {
  return { callers, events: events.map(({ at, ...event }) => ({ time: iso(at), ...event })) };
}

function exclusionJson({ id, exclusions, remaining, hidden, alarms }: ExclusionReport): object {
  return {
    id,
    exclusions,
    patterns: remaining.patterns,
    matches: remaining.matches.count,
    hidden: { matches: hidden.matches.count, ...whoJson(hidden.who) },
    alarms: alarms.map(remainingJson),
  };
}

function remainingJson({ lost, ...state }: RemainingAlarm): object {
  return { ...stateJson(state), noLongerFires: lost.map(spanJson) };
}

function alarmJson({ alarm, deployedThreshold, sweep, ...state }: AlarmReport): object {
  const { statistic, period, evaluationPeriods, datapointsToAlarm, treatMissingData } = alarm;
  const limit = isAnomalyAlarm(alarm)
    ? { deviations: alarm.deviations, standIn: ANOMALY_MODEL }
    : { threshold: alarm.threshold, comparisonOperator: alarm.comparisonOperator };
  return {
    ...stateJson(state),
    ...limit,
    ...(deployedThreshold === undefined ? {} : { deployedThreshold }),
    statistic,
    period,
    evaluationPeriods,
    datapointsToAlarm,
    treatMissingData,
    sweep: sweep.map(({ inAlarm, ...step }) => ({ ...step, secondsInAlarm: inAlarm / 1000 })),
  };
}

function stateJson({ name, title, fired, transitions }: StateReport): object {
  return {
    name,
    title,
    fired: fired.map(spanJson),
    transitions: transitions.map(({ at, ...transition }) => ({ at: iso(at), ...transition })),
  };
}

function spanJson({ from, to }: AlarmSpan): object {
  return {
    from: iso(from),
    to: to === null ? null : iso(to),
    seconds: to === null ? null : (to - from) / 1000,
  };
}

const iso = (at: number) => new Date(at).toISOString();
