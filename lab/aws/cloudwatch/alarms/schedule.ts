import type { Clock } from "../../../state/clock.ts";

/** How long metrics keep their resolution of seconds. Earlier evaluations are skipped. */
const CATCH_UP_MILLISECONDS = 3 * 60 * 60 * 1000;

export const notModelled: readonly string[] = [
  "Alarms are evaluated at each full minute, or every ten seconds for periods under a minute. AWS evaluates each alarm at its own offset within the minute.",
];

export interface Schedule {
  /** Starts with the first tick after a time (epoch milliseconds), which may be in the past. */
  readonly start: (after: number) => void;
  readonly stop: () => void;
}

/**
 * Calls `evaluate` at each multiple of `interval` milliseconds, in order. Catches up on the calls missed
 * in the last three hours, when the machine slept, the process was blocked or the lab was stopped.
 */
export function createSchedule(
  clock: Clock,
  interval: number,
  evaluate: (at: number) => void,
): Schedule {
  let next = 0;
  let cancelTimer: (() => void) | undefined;

  function run(): void {
    const now = clock.now();
    next = Math.max(next, floor(now - CATCH_UP_MILLISECONDS, interval));
    for (; next <= now; next += interval) evaluate(next);
    // Do not schedule the next call if `evaluate` stopped the schedule.
    if (cancelTimer !== undefined) cancelTimer = clock.after(next - clock.now(), run);
  }

  return {
    start: (after) => {
      if (cancelTimer !== undefined) return;
      cancelTimer = () => {};
      next = floor(after, interval) + interval;
      run();
    },
    stop: () => {
      cancelTimer?.();
      cancelTimer = undefined;
    },
  };
}

const floor = (time: number, step: number) => time - (time % step);
