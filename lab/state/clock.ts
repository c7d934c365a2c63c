/** Lab time, in milliseconds since the epoch, and timers that run in lab time. */
export interface Clock {
  readonly now: () => number;
  /** Runs `task` after `milliseconds` of lab time. Returns a function that cancels it. */
  readonly after: (milliseconds: number, task: () => void) => () => void;
}

/** A clock whose speed can be changed while timers are pending. */
export interface AdjustableClock extends Clock {
  /** Lab seconds per real second; 0 while the clock is paused. */
  readonly speed: () => number;
  /** Changes the speed. @param speed lab seconds per real second, at least 0; 0 pauses the clock */
  readonly setSpeed: (speed: number) => void;
  /** Moves lab time forward, and runs the tasks that become due in order, each at its own time. */
  readonly advance: (milliseconds: number) => void;
}

interface Task {
  readonly due: number;
  readonly run: () => void;
}

/** The longest delay that `setTimeout` accepts. */
const MAX_DELAY = 2 ** 31 - 1;

/**
 * Creates a clock that runs `speed` times as fast as real time.
 * @param speed lab seconds per real second, at least 0
 * @param start lab time at the moment of the call, in milliseconds since the epoch
 */
export function adjustableClock(speed: number, start: number): AdjustableClock {
  let rate = speed;
  let base = start;
  let realBase = performance.now();
  /** Sorted by `due`. */
  const tasks: Task[] = [];
  let timer: NodeJS.Timeout | undefined;

  const now = () => base + Math.floor((performance.now() - realBase) * rate);

  function rebase(time: number): void {
    base = time;
    realBase = performance.now();
  }

  function schedule(): void {
    clearTimeout(timer);
    const [next] = tasks;
    if (next === undefined || rate === 0) return;
    const delay = Math.max(0, Math.ceil((next.due - now()) / rate));
    timer = setTimeout(runDue, Math.min(delay, MAX_DELAY));
  }

  function runDue(): void {
    try {
      while (tasks[0] !== undefined && tasks[0].due <= now()) tasks.shift()?.run();
    } finally {
      schedule();
    }
  }

  return {
    now,
    after: (milliseconds, run) => {
      const task = { due: now() + Math.max(0, milliseconds), run };
      const later = tasks.findIndex(({ due }) => due > task.due);
      tasks.splice(later < 0 ? tasks.length : later, 0, task);
      if (tasks[0] === task) schedule();
      return () => {
        const index = tasks.indexOf(task);
        if (index < 0) return;
        tasks.splice(index, 1);
        if (index === 0) schedule();
      };
    },
    speed: () => rate,
    setSpeed: (newSpeed) => {
      rebase(now());
      rate = newSpeed;
      schedule();
    },
    advance: (milliseconds) => {
      const end = now() + milliseconds;
      try {
        while (tasks[0] !== undefined && tasks[0].due <= end) {
          rebase(Math.max(now(), tasks[0].due));
          tasks.shift()?.run();
        }
      } finally {
        rebase(Math.max(now(), end));
        schedule();
      }
    },
  };
}
