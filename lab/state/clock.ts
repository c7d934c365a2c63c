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
