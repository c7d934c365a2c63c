import type { ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { evaluationInterval } from "../../cloudwatch/alarm/range.ts";
import { MINUTE } from "../evaluate/scan.ts";
import type { Span } from "../evaluate/tally.ts";
import { type Timeline, valuesIn } from "../evaluate/timeline.ts";
import { type Transition, transitionsOf } from "../evaluate/transitions.ts";
import type { AlarmSpan, SweepStep } from "./report.ts";

const DAY = 24 * 60 * MINUTE;

/** Evaluates an alarm with round thresholds over the range of its values. */
export function sweepThresholds({
  alarmWith,
  timelineOf,
  include,
  span: { first, last },
}: {
  /** Returns the alarm that would be deployed with a threshold. */
  readonly alarmWith: (threshold: number) => ThresholdAlarm;
  readonly timelineOf: (alarm: ThresholdAlarm) => Timeline;
  /** Thresholds to evaluate in any case. */
  readonly include: readonly number[];
  readonly span: Span;
}): readonly SweepStep[] {
  // A history of less than a day counts as a day, because it allows no estimate of the rate per day.
  const days = Math.max((last - first) / DAY, 1);
  const values = valuesIn(timelineOf(alarmWith(Number.MAX_SAFE_INTEGER)));
  const thresholds = new Set([...roundNumbers(values), ...include]);
  return [...thresholds]
    .sort((a, b) => a - b)
    .map((threshold) => {
      const alarm = alarmWith(threshold);
      const transitions = transitionsOf(alarm, timelineOf(alarm));
      const fired = alarmSpans(transitions, last + evaluationInterval(alarm));
      return {
        threshold,
        period: alarm.period,
        fired: fired.length,
        perDay: fired.length / days,
        inAlarm: fired.reduce((sum, { from, to }) => sum + Math.max((to ?? last) - from, 0), 0),
      };
    });
}

/**
 * Returns the times in ALARM that began by `end`, the first evaluation that includes all events. Later evaluations
 * include the missing data after the last event, which may end an alarm but must not count as its cause.
 */
export function alarmSpans(transitions: readonly Transition[], end: number): readonly AlarmSpan[] {
  return transitions.flatMap(({ at, to }, index) =>
    to === "ALARM" && at <= end ? [{ from: at, to: transitions[index + 1]?.at ?? null }] : [],
  );
}

const DIGITS = [1, 2, 3, 5];
const MAX_STEPS = 20;

/** Returns the last 20 of 1, 2, 3, 5, 10, 20, … from below the smallest positive value to above the largest. */
function roundNumbers(values: readonly number[]): readonly number[] {
  const positive = values.filter((value) => value > 0);
  const smallest = positive[0];
  const largest = positive.at(-1);
  if (smallest === undefined || largest === undefined) return [];
  const numbers: number[] = [];
  for (let power = Math.floor(Math.log10(smallest)); ; power++) {
    for (const digit of DIGITS) {
      numbers.push(Number(`${digit}e${power}`));
      if ((numbers.at(-1) ?? 0) > largest) return numbers.slice(-MAX_STEPS);
    }
  }
}
