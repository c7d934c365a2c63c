/** How numbers, times and rules are written, in the table and on the page alike. */
import {
  type ComparisonOperator,
  isAnomalyAlarm,
  type MetricAlarm,
} from "../../cloudwatch/alarm/alarm.ts";
import type { Input, StateReport } from "./report.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const numbers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export function number(value: number): string {
  return numbers.format(value);
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** `2026-06-01 12:30:00`, in UTC. */
export function dateTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

/** The two largest units that it has: `3 d 4 h`, `12 min`, `40 s`. */
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

const COMPARED: Readonly<Record<ComparisonOperator, string>> = {
  GreaterThanOrEqualToThreshold: "≥",
  GreaterThanThreshold: ">",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "≤",
};

/** `≥ 3 in 1 min`, `> usual + 2 σ in 5 min, 2 of 3`; other statistics than the sum are named. */
export function rule(alarm: MetricAlarm): string {
  const { statistic, period, datapointsToAlarm, evaluationPeriods } = alarm;
  const subject = statistic === "Sum" ? "" : `${statistic} `;
  const limit = isAnomalyAlarm(alarm)
    ? `> usual + ${number(alarm.deviations)} σ`
    : `${COMPARED[alarm.comparisonOperator]} ${number(alarm.threshold)}`;
  const times = evaluationPeriods === 1 ? "" : `, ${datapointsToAlarm} of ${evaluationPeriods}`;
  return `${subject}${limit} in ${duration(period * SECOND)}${times}`;
}

/** Of an alarm that fired. */
export function timeInAlarm({ fired }: StateReport): string {
  if (fired.some(({ to }) => to === null)) return "to the end";
  return duration(fired.reduce((sum, { from, to }) => sum + (to ?? from) - from, 0));
}

/** What was there and is not in the numbers, a phrase each. */
export function remarks(input: Input): readonly string[] {
  const { digests, others, outside, oversized, copies } = input;
  const phrases: readonly (readonly [number, string])[] = [
    [digests, `${counted(digests, "CloudTrail digest")} left out: digests hold no events`],
    [others, `${counted(others, "other file")} left out for the name`],
    [outside, `${counted(outside, "event")} outside of --since and --until`],
    [
      oversized,
      `${counted(oversized, "event")} too large for CloudWatch Logs, which no filter sees`,
    ],
    [
      copies,
      `${counted(copies, "match", "matches")} of an event that had come before, not counted`,
    ],
    [
      Number(input.countsCopies),
      "too many matches to tell copies of an event: each counted as it came",
    ],
  ];
  return phrases.filter(([count]) => count > 0).map(([, text]) => text);
}
