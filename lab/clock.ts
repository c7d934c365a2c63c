/** Time in the lab: milliseconds since the epoch, and timers that run on the same clock. */
export interface Clock {
  readonly now: () => number;
  /** Runs `task` once `milliseconds` of this clock's time have passed; returns its cancellation. */
  readonly after: (milliseconds: number, task: () => void) => () => void;
}

/**
 * A clock that runs `speed` times as fast as the machine's own, from `start` on.
 * @param speed lab seconds per real second, above 0
 * @param start lab time at the moment of the call, milliseconds since the epoch
 */
export function scaledClock(speed: number, start: number): Clock {
  const origin = performance.now();
  return {
    now: () => start + Math.floor((performance.now() - origin) * speed),
    after: (milliseconds, task) => {
      const timer = setTimeout(task, Math.max(0, Math.ceil(milliseconds / speed)));
      return () => clearTimeout(timer);
    },
  };
}

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
