import type { Clock } from "../state/clock.ts";

/** A clock that stands still until it is told to move, for tests. */
export interface ManualClock extends Clock {
  /** Moves on by `milliseconds`, running what falls due on the way, in order of its time. */
  readonly advance: (milliseconds: number) => void;
}

export function manualClock(start: number): ManualClock {
  let time = start;
  const due: { at: number; task: () => void }[] = [];
  return {
    now: () => time,
    after: (milliseconds, task) => {
      const entry = { at: time + Math.max(0, milliseconds), task };
      due.push(entry);
      return () => {
        const index = due.indexOf(entry);
        if (index >= 0) due.splice(index, 1);
      };
    },
    advance: (milliseconds) => {
      const end = time + milliseconds;
      for (;;) {
        const next = due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due.splice(due.indexOf(next), 1);
        time = next.at;
        next.task();
      }
      time = end;
    },
  };
}
