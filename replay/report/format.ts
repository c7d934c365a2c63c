import {
  type ComparisonOperator,
  isAnomalyAlarm,
  type MetricAlarm,
} from "../../cloudwatch/alarm/alarm.ts";
import { isMathAlarm } from "../detections/math-alarm.ts";
import type { Input, StateReport } from "./report.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const numbers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export function number(value: number): string {
  return numbers.format(value);
}

/** Formats a count with its noun: `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** Names the files and records that could not be read: `1 file`, `2 records`, `1 file and 2 records`. */
export function unreadInputs({ unreadable, malformed }: Input): string {
  return [
    ...(unreadable > 0 ? [counted(unreadable, "file")] : []),
    ...(malformed > 0 ? [counted(malformed, "record")] : []),
  ].join(" and ");
}

/** Formats a time in UTC: `2026-06-01 12:30:00`. */
export function dateTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

/** Formats a duration in its two largest units: `3 d 4 h`, `12 min`, `40 s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / SECOND) * SECOND;
  const units: readonly (readonly [number, string])[] = [
    [DAY, "d"],
    [HOUR, "h"],
    [MINUTE, "min"],
    [SECOND, "s"],
  ];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  let rest = seconds;
  const parts: string[] = [];
  for (const [size, name] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(" ");
}

export function bytes(count: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const OPERATORS: Readonly<Record<ComparisonOperator, string>> = {
  GreaterThanOrEqualToThreshold: "≥",
  GreaterThanThreshold: ">",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "≤",
};

/**
 * Formats the condition of an alarm: `≥ 3 in 1 min`, `> mean + 2 σ in 5 min, 2 of 3`. Omits a statistic that counts
 * matches: Sum, and Maximum for a threshold of one match.
 */
export function rule(alarm: MetricAlarm): string {
  const { statistic, period, datapointsToAlarm, evaluationPeriods } = alarm;
  const measured = isMathAlarm(alarm) ? alarm.math.text : statistic;
  const counts = measured === "Sum" || (measured === "Maximum" && isOneOrMore(alarm));
  const subject = counts ? "" : `${measured} `;
  const limit = isAnomalyAlarm(alarm)
    ? `> mean + ${number(alarm.deviations)} σ`
    : `${OPERATORS[alarm.comparisonOperator]} ${number(alarm.threshold)}`;
  const times = evaluationPeriods === 1 ? "" : `, ${datapointsToAlarm} of ${evaluationPeriods}`;
  return `${subject}${limit} in ${duration(period * SECOND)}${times}`;
}

function isOneOrMore(alarm: MetricAlarm): boolean {
  return (
    !isAnomalyAlarm(alarm) &&
    alarm.comparisonOperator === "GreaterThanOrEqualToThreshold" &&
    alarm.threshold === 1
  );
}

/** Introduces a list of keys. */
export const UNSEEN_KEYS =
  "No Decrypt, error or unexpected use of these keys. If you expect some, check the ARN, and that the files are of its account and Region";

/** Formats the total time in ALARM. */
export function timeInAlarm({ fired }: StateReport): string {
  if (fired.some(({ to }) => to === null)) return "until the end";
  return duration(fired.reduce((sum, { from, to }) => sum + (to ?? from) - from, 0));
}

/** Lists the files, events and matches that are not in the counts. */
export function remarks(input: Input): readonly string[] {
  const { digests, others, outside, oversized, copies } = input;
  const phrases: readonly (readonly [number, string])[] = [
    [digests, `${counted(digests, "CloudTrail digest")} skipped (they contain no events)`],
    [others, `${counted(others, "other file")} skipped because of their names`],
    [outside, `${counted(outside, "event")} outside --since and --until`],
    [oversized, `${counted(oversized, "event")} too large for CloudWatch Logs, not evaluated`],
    [copies, `${counted(copies, "match", "matches")} of duplicate events, not counted`],
    [
      Number(input.countsCopies),
      "too many matches to detect duplicate events: duplicates are counted",
    ],
  ];
  return phrases.filter(([count]) => count > 0).map(([, text]) => text);
}
