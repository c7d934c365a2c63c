import type { AlarmReport, DetectionReport, Report } from "./report.ts";
import { MINUTE } from "./scan.ts";

/**
 * The report for machines: times in ISO 8601, durations in seconds. What is named here stays named so;
 * members may be added.
 */
export function renderJson({ input, span, detections, notReplayed, keyUse }: Report): string {
  const { problems, ...counts } = input;
  return JSON.stringify(
    {
      input: counts,
      problems,
      span: span && { first: iso(span.first), last: iso(span.last) },
      detections: detections.map(detectionJson),
      notReplayed,
      keyUse,
    },
    null,
    2,
  );
}

function detectionJson({ id, patterns, unbound, matches, alarms }: DetectionReport): object {
  return {
    id,
    patterns,
    unbound,
    matches: matches.count,
    minutes: matches.byMinute.map(([minute, count]) => ({
      minute: iso(minute * MINUTE),
      matches: count,
    })),
    alarms: alarms.map(alarmJson),
  };
}

function alarmJson({
  name,
  title,
  alarm,
  deployedThreshold,
  transitions,
  fired,
  sweep,
}: AlarmReport): object {
  const { threshold, comparisonOperator, statistic, period } = alarm;
  const { evaluationPeriods, datapointsToAlarm, treatMissingData } = alarm;
  return {
    name,
    title,
    threshold,
    ...(deployedThreshold === undefined ? {} : { deployedThreshold }),
    comparisonOperator,
    statistic,
    period,
    evaluationPeriods,
    datapointsToAlarm,
    treatMissingData,
    fired: fired.map(({ from, to }) => ({
      from: iso(from),
      to: to === null ? null : iso(to),
      seconds: to === null ? null : (to - from) / 1000,
    })),
    transitions: transitions.map(({ at, ...transition }) => ({ at: iso(at), ...transition })),
    sweep: sweep.map(({ inAlarm, ...step }) => ({ ...step, secondsInAlarm: inAlarm / 1000 })),
  };
}

const iso = (at: number) => new Date(at).toISOString();
