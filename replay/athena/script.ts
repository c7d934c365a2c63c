import { isAnomalyAlarm, type ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import {
  type ReplayedDetection,
  type ReplayedDetections,
  type TrailArchive,
  withThreshold,
} from "../detections/detections.ts";
import { rule } from "../report/format.ts";
import { NotExpressibleError } from "./condition.ts";
import { checkAlarm, detectionStatement, type Range, TABLE, tableStatement } from "./statements.ts";
import { trino } from "./trino.ts";

/**
 * The Regions that every account has, for a trail whose Regions are not known.
 * @see https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
 */
export const DEFAULT_REGIONS: readonly string[] = [
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"],
  ...["eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "ap-south-1"],
  ...["ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"],
];

/**
 * Writes a script for Amazon Athena: a statement that creates the table, and for each detection a query, or a
 * comment that says why SQL cannot express it.
 * @param thresholds by detection id, instead of the deployed thresholds
 */
export function athenaScript(
  { detections, filters }: ReplayedDetections,
  archive: TrailArchive,
  range: Range,
  thresholds: ReadonlyMap<string, number>,
): string {
  const queries = detections.map((detection) =>
    detectionQuery(detection, filters, range, thresholds.get(detection.id)),
  );
  return [
    `-- A table with a row per file. List all Regions of the trail in projection.region.values. Run one\n` +
      `-- statement at a time. To start again: DROP TABLE ${TABLE};\n${tableStatement(archive)}`,
    ...queries,
  ].join("\n\n");
}

function detectionQuery(
  detection: ReplayedDetection,
  filters: readonly MetricFilter[],
  range: Range,
  threshold: number | undefined,
): string {
  const { id, unbound } = detection;
  const ownFilters = filters.filter((_, index) => detection.filters.includes(index));
  const { queried, notes } = expressibleAlarms(ownFilters, detection, threshold);
  const [first] = queried;
  const head = [
    `-- ${oneLine(id)}${first === undefined ? "" : `: ${oneLine(rule(first))}`}`,
    ...ownFilters.map(({ pattern }) => `-- ${oneLine(pattern)}`),
    ...queried.slice(1).map((alarm, index) => {
      const columns = `in_period_${index + 2} and breaching_${index + 2}`;
      return `-- ${columns}: ${oneLine(alarm.name)}, ${oneLine(rule(alarm))}`;
    }),
    ...notes,
    ...(unbound.length === 0
      ? []
      : [
          `-- Monitors the ${unbound.join(" and ")} of the stacks. To monitor another, pass ${unbound.map((binding) => `--${binding}-arn`).join(" and ")}.`,
        ]),
  ];
  try {
    return [...head, detectionStatement(ownFilters, queried, range, trino)].join("\n");
  } catch (error) {
    if (!(error instanceof NotExpressibleError)) throw error;
    return [...head, `-- Not expressible in SQL: ${error.message}.`].join("\n");
  }
}

/** Returns the alarms that a query can compare with their thresholds, and a comment for each other alarm. */
function expressibleAlarms(
  filters: readonly MetricFilter[],
  detection: ReplayedDetection,
  threshold: number | undefined,
): { readonly queried: readonly ThresholdAlarm[]; readonly notes: readonly string[] } {
  const queried: ThresholdAlarm[] = [];
  const notes: string[] = [];
  for (const deployed of detection.alarms) {
    // Athena has no model of anomalies; the threshold alarm of the detection is queried.
    if (isAnomalyAlarm(deployed)) continue;
    const alarm = withThreshold(deployed, threshold ?? deployed.threshold, detection);
    try {
      checkAlarm(filters, alarm);
      queried.push(alarm);
    } catch (error) {
      if (!(error instanceof NotExpressibleError)) throw error;
      notes.push(
        `-- Counts matches only: SQL cannot express the alarm ${oneLine(alarm.name)}, because ${oneLine(error.message)}.`,
      );
    }
  }
  return { queried, notes };
}

/** Removes line breaks, which would end an SQL comment. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
