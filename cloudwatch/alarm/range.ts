const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What decides when an alarm is evaluated and over which periods. `period` is in seconds. */
export interface AlarmPeriods {
  readonly period: number;
  readonly evaluationPeriods: number;
}

/**
 * Milliseconds between two evaluations: ten seconds for a period under a minute, an hour once the
 * alarm looks back over more than a day, else a minute.
 * Source: Amazon CloudWatch User Guide, "Alarm evaluation" and "High-resolution alarms".
 */
export function evaluationInterval({ period, evaluationPeriods }: AlarmPeriods): number {
  if (period < 60) return 10 * SECOND;
  return period * evaluationPeriods * SECOND > DAY ? HOUR : MINUTE;
}

/**
 * Where the periods start that an evaluation at `at` looks at, oldest first; the last one ends at `at`.
 *
 * AWS does not say how far it reaches back past N. Its example has 5 slots for N = 3, so N + 2; an alarm
 * with a period of 10 seconds was seen to hold on to a datapoint for 70 seconds, so a minute more than N.
 */
export function evaluationRange({ period, evaluationPeriods }: AlarmPeriods, at: number): number[] {
  const slots = evaluationPeriods + Math.max(2, Math.ceil(60 / period));
  return Array.from({ length: slots }, (_, index) => at - (slots - index) * period * SECOND);
}
