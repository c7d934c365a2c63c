import { isAnomalyAlarm, type ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { Detections } from "../detections/detections.ts";
import { rule } from "../report/format.ts";
import { NotExpressibleError } from "./condition.ts";
import {
  type Archive,
  detectionStatement,
  type Range,
  TABLE,
  tableStatement,
} from "./statements.ts";
import { trino } from "./trino.ts";

/**
 * A script for Amazon Athena: the table first, then a query for each detection; those that SQL cannot
 * express are named with the reason.
 * @param thresholds by detection, instead of the deployed ones
 */
export function athenaScript(
  { detections, filters }: Detections,
  archive: Archive,
  range: Range,
  thresholds: ReadonlyMap<string, number>,
): string {
  const queries = detections.map(({ id, filters: indices, alarms, unbound }) => {
    const deployed = alarms.find((alarm): alarm is ThresholdAlarm => !isAnomalyAlarm(alarm));
    const alarm = deployed && { ...deployed, threshold: thresholds.get(id) ?? deployed.threshold };
    const fed = filters.filter((_, index) => indices.includes(index));
    const head = [
      `-- ${id}${alarm === undefined ? "" : `: ${rule(alarm)}`}`,
      ...fed.map(({ pattern }) => `-- ${oneLine(pattern)}`),
      ...(unbound.length === 0
        ? []
        : [
            `-- It watches the stacks' own ${unbound.join(" and ")}: give yours by ${unbound.map((binding) => `--${binding}-arn`).join(" and ")}.`,
          ]),
    ];
    try {
      return [...head, detectionStatement(fed, alarm, range, trino)].join("\n");
    } catch (error) {
      if (!(error instanceof NotExpressibleError)) throw error;
      return [...head, `-- SQL cannot express it: ${error.message}.`].join("\n");
    }
  });
  return [
    `-- One row a file. Name in projection.region.values every Region that the trail covers, and run a\n` +
      `-- statement at a time. To begin anew: DROP TABLE ${TABLE};\n${tableStatement(archive)}`,
    ...queries,
  ].join("\n\n");
}

/** A line break would end the comment that it stands in. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
