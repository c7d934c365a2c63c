import { counted, dateTime, duration, number } from "./format.ts";
import { whyNothingHidden } from "./order.ts";
import type { AlarmSpan, ExclusionReport, RemainingAlarm, Report } from "./report.ts";
import { linesOf } from "./who-lines.ts";

const SPANS_SHOWN = 10;

/** Formats what would still fire with `--exclude`, and what would no longer be detected. */
export function exclusionLines({ exclusions }: Report): readonly string[] {
  if (exclusions === null) return [];
  const changed = exclusions.composites.filter(({ lost }) => lost.length > 0);
  const blocks = [...exclusions.detections.map(detectionLines), changed.flatMap(alarmLines)];
  return [
    blocks
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join("\n"))
      .join("\n\n"),
  ];
}

function detectionLines({
  id,
  exclusions,
  remaining,
  hidden,
  alarms,
}: ExclusionReport): readonly string[] {
  const total = remaining.matches.count + hidden.matches.count;
  return [
    `${id} with --exclude ${exclusions.join(", ")}: ${number(remaining.matches.count)} of ${counted(total, "match", "matches")} would remain`,
    ...alarms.flatMap(alarmLines),
    ...(hidden.matches.count === 0
      ? [`  ${whyNothingHidden(remaining)}`]
      : [
          `  It would no longer detect ${counted(hidden.matches.count, "match", "matches")}, nor anyone who steals the credentials of these callers:`,
          ...linesOf(hidden.who).map((line) => `  ${line}`),
        ]),
  ];
}

function alarmLines({ name, fired, lost }: RemainingAlarm): readonly string[] {
  if (fired.length + lost.length === 0)
    return [`  ${name} fires neither with nor without the exclusion.`];
  return [
    ...(fired.length === 0 ? [] : [`  ${name} would still fire ${counted(fired.length, "time")}:`]),
    ...spanLines(fired),
    ...(lost.length === 0 ? [] : [`  ${name} would no longer fire at:`]),
    ...spanLines(lost),
  ];
}

function spanLines(spans: readonly AlarmSpan[]): readonly string[] {
  const more = spans.length - SPANS_SHOWN;
  return [
    ...spans
      .slice(0, SPANS_SHOWN)
      .map(
        ({ from, to }) =>
          `    ${dateTime(from)} UTC ${to === null ? "until the end" : `for ${duration(to - from)}`}`,
      ),
    ...(more > 0 ? [`    and ${counted(more, "more time")} (--json lists all)`] : []),
  ];
}
