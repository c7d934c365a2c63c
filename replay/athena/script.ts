import { isAnomalyAlarm, type ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { ReplayedDetections, TrailArchive } from "../detections/detections.ts";
import { rule } from "../report/format.ts";
import { NotExpressibleError } from "./condition.ts";
import { detectionStatement, type Range, TABLE, tableStatement } from "./statements.ts";
import { trino } from "./trino.ts";

/**
 * A script for Amazon Athena: a statement that creates the table, then a query per detection or a comment
 * why SQL cannot express it.
 * @param thresholds by detection id, instead of the deployed thresholds
 */
export function athenaScript(
  { detections, filters }: ReplayedDetections,
  archive: TrailArchive,
  range: Range,
  thresholds: ReadonlyMap<string, number>,
): string {
  const queries = detections.map(({ id, filters: indices, alarms, unbound }) => {
    const deployed = alarms.find((alarm): alarm is ThresholdAlarm => !isAnomalyAlarm(alarm));
    const alarm = deployed && { ...deployed, threshold: thresholds.get(id) ?? deployed.threshold };
    const ownFilters = filters.filter((_, index) => indices.includes(index));
    const head = [
      `-- ${id}${alarm === undefined ? "" : `: ${rule(alarm)}`}`,
      ...ownFilters.map(({ pattern }) => `-- ${oneLine(pattern)}`),
      ...(unbound.length === 0
        ? []
        : [
            `-- Monitors the ${unbound.join(" and ")} of the stacks. To monitor another, pass ${unbound.map((binding) => `--${binding}-arn`).join(" and ")}.`,
          ]),
    ];
    try {
      return [...head, detectionStatement(ownFilters, alarm, range, trino)].join("\n");
    } catch (error) {
      if (!(error instanceof NotExpressibleError)) throw error;
      return [...head, `-- Not expressible in SQL: ${error.message}.`].join("\n");
    }
  });
  return [
    `-- A table with a row per file. List all Regions of the trail in projection.region.values. Run one\n` +
      `-- statement at a time. To start again: DROP TABLE ${TABLE};\n${tableStatement(archive)}`,
    ...queries,
  ].join("\n\n");
}

/** Removes line breaks, which would end an SQL comment. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
