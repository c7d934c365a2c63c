import { isAnomalyAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { ANOMALY_MODEL } from "../../cloudwatch/alarm/anomaly.ts";
import type { KeyUse } from "../evaluate/tally.ts";
import { columns } from "./columns.ts";
import { exclusionLines } from "./exclusion-lines.ts";
import {
  bytes,
  counted,
  dateTime,
  duration,
  number,
  remarks,
  rule,
  timeInAlarm,
  UNSEEN_KEYS,
  unreadInputs,
} from "./format.ts";
import { firedFirst, isNotBound, missingOptions } from "./order.ts";
import type { DetectionReport, Report, StateReport } from "./report.ts";
import { whoLines } from "./who-lines.ts";

/** Control characters, with which names of files and roles could send commands to the terminal. */
const CONTROL = /[^\P{Cc}\n]/gu;

const SPANS_SHOWN = 10;
const ERRORS_SHOWN = 20;
const USES_SHOWN = 10;

/** Formats the report for a terminal. */
export function renderTable(report: Report, { sweep }: { readonly sweep: boolean }): string {
  const results = [
    detectionLines(report),
    firedLines(report),
    exclusionLines(report),
    whoLines(report.detections),
    sweep ? sweepLines(report.detections) : [],
    problemLines(report),
    notReplayedLines(report),
    unseenKeyLines(report),
    keyUseLines(report),
  ];
  return [errorLines(report), inputLines(report), ...(hasResults(report) ? results : [])]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")
    .replace(CONTROL, "\ufffd");
}

/** Whether to show tables. If no event could be read, tables of zeros would hide the reason. */
function hasResults({ input }: Report): boolean {
  return input.events > 0 || input.malformed + input.unreadable === 0;
}

function inputLines({ input, span }: Report): readonly string[] {
  const time =
    span === null
      ? ""
      : ` from ${dateTime(span.first)} to ${dateTime(span.last)} UTC (${duration(span.last - span.first)})`;
  const size = input.bytes === 0 ? "" : ` (${bytes(input.bytes)})`; // unknown for standard input
  return [
    `${counted(input.files, "file")}${size}, ${counted(input.events, "event")}${time}`,
    ...remarks(input).map((remark) => `  ${remark}`),
  ];
}

function detectionLines({ detections, composites }: Report): readonly string[] {
  const state = (report: StateReport) => [
    number(report.fired.length),
    report.fired.length === 0 ? "" : timeInAlarm(report),
    report.fired.length === 0 ? "" : dateTime(report.fired.at(-1)?.from ?? 0),
  ];
  const rows = detections.flatMap((detection) => {
    const { id, matches, alarms } = detection;
    const count = isNotBound(detection) ? "not bound" : number(matches.count);
    if (alarms.length === 0) return [[id, count, "no alarm"]];
    return alarms.map((alarm, index) => [
      index === 0 ? id : "",
      index === 0 ? count : "",
      `${rule(alarm.alarm)}${isAnomalyAlarm(alarm.alarm) ? " *" : ""}`,
      ...(isNotBound(detection) ? ["", `needs ${missingOptions(detection)}`] : state(alarm)),
    ]);
  });
  const composed = composites.map((report) => [report.name, "", "composite", ...state(report)]);
  const head = ["DETECTION", "MATCHES", "ALARM", "FIRED", "IN ALARM", "LAST FIRED (UTC)"];
  const hasAnomaly = detections.some(({ alarms }) =>
    alarms.some(({ alarm }) => isAnomalyAlarm(alarm)),
  );
  return [
    ...columns([head, ...rows, ...composed], [1, 3]),
    ...(hasAnomaly ? [`* by ${ANOMALY_MODEL}`] : []),
  ];
}

function firedLines({ detections, composites }: Report): readonly string[] {
  const lines: string[] = [];
  const alarms = firedFirst(detections).flatMap((detection) => detection.alarms);
  for (const report of [...alarms, ...composites]) {
    const { name, title, fired } = report;
    if (fired.length === 0) continue;
    lines.push(`${name} fired${title === "" ? "" : `: ${title}`}`);
    for (const { from, to } of fired.slice(0, SPANS_SHOWN)) {
      lines.push(
        `  ${dateTime(from)} UTC ${to === null ? "until the end" : `for ${duration(to - from)}`}`,
      );
    }
    const more = fired.length - SPANS_SHOWN;
    if (more > 0) lines.push(`  and ${counted(more, "more time")} (--json and --html list all)`);
  }
  return lines;
}

function sweepLines(detections: readonly DetectionReport[]): readonly string[] {
  const blocks = detections.flatMap(({ alarms }) =>
    alarms.flatMap(({ name, alarm, sweep }) => {
      if (isAnomalyAlarm(alarm)) return [];
      const rows = sweep.map(({ threshold, period, fired, perDay, inAlarm }) => [
        number(threshold),
        duration(period * 1000),
        number(fired),
        number(perDay),
        duration(inAlarm),
        threshold === alarm.threshold ? "← current" : "",
      ]);
      const head = ["THRESHOLD", "PERIOD", "FIRED", "PER DAY", "IN ALARM", ""];
      return [
        `${name}: alarms by threshold (${rule(alarm)})`,
        ...(rows.length > 1
          ? columns([head, ...rows], [0, 1, 2, 3, 4]).map((line) => `  ${line}`)
          : ["  no matches, so no threshold would have fired"]),
      ].join("\n");
    }),
  );
  return blocks.length === 0 ? [] : [blocks.join("\n\n")];
}

function problemLines({ problems }: Report): readonly string[] {
  if (problems.length === 0) return [];
  return [
    `${counted(problems.length, "problem")} with the alarms:`,
    ...problems.map(({ alarm, kind, why }) => `  ${alarm} ${kind}: ${why}.`),
  ];
}

function notReplayedLines({ notReplayed, composites }: Report): readonly string[] {
  if (notReplayed.length === 0) return [];
  return [
    "Not replayed:",
    ...notReplayed.map(({ alarm, why }) => `  ${alarm}: ${why}`),
    ...composites
      .filter(({ missingAlarms }) => missingAlarms.length > 0)
      .map(
        ({ name, missingAlarms }) => `  ${name} is replayed without ${missingAlarms.join(", ")}`,
      ),
  ];
}

function unseenKeyLines({ unseenKeys, input }: Report): readonly string[] {
  if (unseenKeys.length === 0 || input.events === 0) return [];
  return [`${UNSEEN_KEYS}:`, ...unseenKeys.map(({ name, arn }) => `  ${name}: ${arn}`)];
}

function keyUseLines({ keyUse, detections }: Report): readonly string[] {
  const unbound = detections.filter((detection) => detection.unbound.length > 0);
  if (keyUse === null || unbound.length === 0) return [];
  return [
    `Without --role-arn and --key-arn, these detections monitor the role and key of the stacks: ${unbound.map(({ id }) => id).join(", ")}.`,
    ...useLines("Roles that call KMS, for --role-arn:", keyUse.roles),
    ...useLines("KMS keys in use, for --key-arn:", keyUse.keys),
  ];
}

function useLines(title: string, uses: readonly KeyUse[]): readonly string[] {
  if (uses.length === 0) return [`${title} none`];
  const shown = uses.slice(0, USES_SHOWN).map(({ arn, count }) => [number(count), arn]);
  const more = uses.length - shown.length;
  return [
    title,
    ...columns(shown, [0]).map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${number(more)} more (--json lists all)`] : []),
  ];
}

function errorLines({ input }: Report): readonly string[] {
  const { malformed, unreadable, errors } = input;
  if (malformed + unreadable === 0) return [];
  const shown = errors.slice(0, ERRORS_SHOWN);
  const more = malformed + unreadable - shown.length;
  return [
    `Could not read ${unreadInputs(input)}:`,
    ...shown.map(
      ({ file, place, why }) => `  ${file}${place === undefined ? "" : `, ${place}`}: ${why}`,
    ),
    ...(more > 0 ? [`  and ${number(more)} more`] : []),
  ];
}
