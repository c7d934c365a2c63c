/** Lab time, in milliseconds since the epoch, and timers that run in lab time. */
export interface Clock {
  readonly now: () => number;
  /** Runs `task` after `milliseconds` of lab time. Returns a function that cancels it. */
  readonly after: (milliseconds: number, task: () => void) => () => void;
}

/**
 * A clock that runs `speed` times as fast as real time.
 * @param speed lab seconds per real second, above 0
 * @param start lab time at the moment of the call, in milliseconds since the epoch
 */
export function scaledClock(speed: number, start: number): Clock {
  const realStart = performance.now();
  return {
    now: () => start + Math.floor((performance.now() - realStart) * speed),
    after: (milliseconds, task) => {
      const timer = setTimeout(task, Math.max(0, Math.ceil(milliseconds / speed)));
      return () => clearTimeout(timer);
    },
  };
}
