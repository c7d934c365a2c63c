const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The settings that determine when an alarm is evaluated and over which periods. */
export interface AlarmPeriods {
  /** Seconds. */
  readonly period: number;
  readonly evaluationPeriods: number;
}

/**
 * Returns the milliseconds between two evaluations: ten seconds for periods under a minute, one hour when
 * the periods span more than a day, otherwise one minute.
 * Source: Amazon CloudWatch User Guide, "Alarm evaluation" and "High-resolution alarms".
 */
export function evaluationInterval({ period, evaluationPeriods }: AlarmPeriods): number {
  if (period < 60) return 10 * SECOND;
  return period * evaluationPeriods * SECOND > DAY ? HOUR : MINUTE;
}

/**
 * Returns the start times of the periods that an evaluation at `at` considers, oldest first. The last
 * period ends at `at`.
 *
 * AWS does not document how many periods beyond N it retrieves. Its example shows 5 for N = 3, hence N + 2.
 * An alarm with a 10-second period was observed to keep a datapoint for 70 seconds, hence N plus one minute.
 */
export function evaluationRange({ period, evaluationPeriods }: AlarmPeriods, at: number): number[] {
  const slots = evaluationPeriods + Math.max(2, Math.ceil(60 / period));
  return Array.from({ length: slots }, (_, index) => at - (slots - index) * period * SECOND);
}
