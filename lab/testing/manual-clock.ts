import type { Clock } from "../state/clock.ts";

/** A clock that moves only when a test advances it. */
export interface ManualClock extends Clock {
  /** Advances by `milliseconds` and runs the tasks that become due, in order and each at its own time. */
  readonly advance: (milliseconds: number) => void;
}

/** Creates a clock that starts at a time. @param start milliseconds since the epoch */
export function manualClock(start: number): ManualClock {
  let time = start;
  const pending: { at: number; task: () => void }[] = [];
  return {
    now: () => time,
    after: (milliseconds, task) => {
      const entry = { at: time + Math.max(0, milliseconds), task };
      pending.push(entry);
      return () => {
        const index = pending.indexOf(entry);
        if (index >= 0) pending.splice(index, 1);
      };
    },
    advance: (milliseconds) => {
      const end = time + milliseconds;
      for (;;) {
        const next = pending.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        pending.splice(pending.indexOf(next), 1);
        time = next.at;
        next.task();
      }
      time = end;
    },
  };
}
