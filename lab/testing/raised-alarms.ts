import type { MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { metricIdsOf } from "../../replay/detections/math-alarm.ts";
import { compositeTransitions } from "../../replay/evaluate/composite.ts";
import { createScan } from "../../replay/evaluate/scan.ts";
import { createTally } from "../../replay/evaluate/tally.ts";
import { createTimeline } from "../../replay/evaluate/timeline.ts";
import { transitionsOf } from "../../replay/evaluate/transitions.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import type { TimedRecord } from "./ordinary-week.ts";

const MINUTE = 60_000;
const MONDAY = Date.UTC(2026, 2, 2);

const timeOf = (minute: number) =>
  `${new Date(MONDAY + minute * MINUTE).toISOString().slice(0, 19)}Z`;

/**
 * Returns the names of the alarms, including composite alarms, that CloudTrail records raise in a week that begins
 * with minute 0.
 */
export function raisedAlarms(
  deployment: Deployment,
  records: readonly TimedRecord[],
): readonly string[] {
  const filters = deployment.metricFilters.filter(
    ({ logGroupName }) => logGroupName === deployment.trail.logGroupName,
  );
  const published = new Set(filters.map(({ transformation }) => transformation.metricName));
  const alarms: readonly MetricAlarm[] = [...deployment.alarms, ...deployment.anomalyAlarms].filter(
    ({ metricName }) => published.has(metricName),
  );
  const monitoredMetrics = [...new Set(alarms.flatMap(metricIdsOf))];
  const scan = createScan({ filters, monitoredMetrics, countsKeyUse: false });
  for (const [index, { minute, record }] of records.entries()) {
    const timed = { ...record, eventID: `event-${index}`, eventTime: timeOf(minute) };
    scan.add(timed, JSON.stringify(timed));
  }
  const tally = createTally(filters, monitoredMetrics);
  tally.add(scan.findings());
  const transitions = new Map(
    alarms.map((alarm) => {
      const series = metricIdsOf(alarm).map((id) => tally.series(monitoredMetrics.indexOf(id)));
      return [alarm.name, transitionsOf(alarm, createTimeline(alarm, series, MONDAY))] as const;
    }),
  );
  const composite = compositeTransitions(deployment.compositeAlarms, transitions, MONDAY);
  return [...transitions, ...composite].flatMap(([name, list]) =>
    list.some(({ to }) => to === "ALARM") ? [name] : [],
  );
}
