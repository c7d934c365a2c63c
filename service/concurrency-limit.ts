/** The load in one interval. */
export interface Load {
  /** Share of the time in which the event loop was busy, from 0 to 1. */
  readonly utilization: number;
  /** Number of requests that took a slot. */
  readonly accepted: number;
  /** Number of requests that were rejected because all slots were taken. */
  readonly rejected: number;
}

/** A limit of requests in progress that follows from the load. */
export interface ConcurrencyLimit {
  readonly current: () => number;
  /** Call it at the end of each interval. */
  readonly adapt: (load: Load) => void;
}

/** Requests in progress that keep an event loop busy while most of them wait for KMS or the database. */
const MIN_LIMIT = 32;

/** CPU time of a rejection, relative to that of an accepted request. */
const REJECTION_COST = 0.1;

/** Utilization at which the CPU is just busy. */
const BUSY = 0.95;

/**
 * Intervals after which a lowered limit is raised to the maximum. Clients that send a rejected request again at once would
 * otherwise keep it low, even if the maximum had room for all of them.
 */
const RETRY_AFTER = 10;

/**
 * Lowers the limit of requests in progress under overload until the CPU is just busy, because more requests in progress
 * would only wait for it. See docs/decisions/0034-concurrency-limit.md.
 * @param max the limit while there is no overload
 */
export function createConcurrencyLimit(max: number): ConcurrencyLimit {
  const min = Math.min(max, MIN_LIMIT);
  let limit = max;
  let loweredFor = 0;
  // Whether a lower limit has left CPU time unused since the limit was the maximum.
  let hasUndershot = false;

  function reset(): void {
    limit = max;
    loweredFor = 0;
    hasUndershot = false;
  }

  return {
    current: () => limit,
    adapt(load) {
      const { utilization } = load;
      if (!isOverloaded(load) || loweredFor === RETRY_AFTER) return reset();
      if (utilization < BUSY) {
        // Utilization is proportional to the requests in progress while there is CPU time left.
        limit = Math.min(max, Math.ceil((limit * BUSY) / utilization));
        hasUndershot = limit < max;
      } else if (!hasUndershot) {
        limit = Math.max(min, Math.floor(limit / 2));
      }
      loweredFor = limit < max ? loweredFor + 1 : 0;
    },
  };
}

/** Whether more requests arrive than the process has CPU time for. */
function isOverloaded({ utilization, accepted, rejected }: Load): boolean {
  const work = accepted / (accepted + REJECTION_COST * rejected);
  // Otherwise rejections use most of the CPU, and the accepted requests wait for something else.
  const needsCpu = utilization * work > 0.5;
  return needsCpu && rejected > 0.25 * (accepted + rejected);
}

/** Milliseconds. */
const INTERVAL = 100;

/**
 * Measures the utilization of the event loop in each interval.
 * https://nodejs.org/api/perf_hooks.html#performanceeventlooputilizationutilization1-utilization2
 */
export function onUtilization(handle: (utilization: number) => void): void {
  let last = performance.eventLoopUtilization();
  setInterval(() => {
    const current = performance.eventLoopUtilization();
    handle(performance.eventLoopUtilization(current, last).utilization);
    last = current;
  }, INTERVAL).unref();
}
