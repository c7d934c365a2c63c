import type { CallerTotals, Who } from "../evaluate/who.ts";
import { columns } from "./columns.ts";
import { counted, dateTime, number } from "./format.ts";
import { firedFirst } from "./order.ts";
import type { DetectionReport } from "./report.ts";

const TOTALS_SHOWN = 5;

/** Formats the callers behind the matches of each detection, beginning with detections that fired. */
export function whoLines(detections: readonly DetectionReport[]): readonly string[] {
  const blocks = firedFirst(detections)
    .filter(({ matches }) => matches.count > 0)
    .map(({ id, matches, who }) =>
      [`${id}: who made the ${counted(matches.count, "match", "matches")}`, ...linesOf(who)].join(
        "\n",
      ),
    );
  return blocks.length === 0 ? [] : [blocks.join("\n\n")];
}

/** Formats totals by caller, role and address, and the earliest events. */
export function linesOf({ principals, roles, addresses, events }: Who): readonly string[] {
  const totals = columns(
    [
      ...totalRows("callers", principals),
      ...totalRows("roles", roles),
      ...totalRows("addresses", addresses),
    ],
    [1],
  );
  const head = ["TIME (UTC)", "EVENT", "CALLER", "ADDRESS", "EVENT ID", "USER AGENT"];
  const rows = events.map(({ at, eventName, principal, address, eventId, userAgent }) => [
    dateTime(at),
    eventName,
    principal,
    address,
    eventId,
    userAgent,
  ]);
  return [...totals, ...columns([head, ...rows], [])].map((line) => `  ${line}`);
}

function totalRows(title: string, { top, distinct }: CallerTotals): readonly (readonly string[])[] {
  const shown = top.slice(0, TOTALS_SHOWN);
  const more = distinct - shown.length;
  return [
    ...shown.map(({ value, count }, index) => [index === 0 ? title : "", number(count), value]),
    ...(more > 0 ? [["", "", `and ${number(more)} more (--json and --html list up to 100)`]] : []),
  ];
}
