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

/** Share of `lowest` that is tried after each trial of the maximum, as KMS may have become faster. */
const SEARCH_BELOW = 0.9;

/**
 * Lowers the limit of requests in progress under overload until the CPU is just busy, because more requests in progress
 * would only wait for it. See docs/decisions/0034-concurrency-limit.md.
 * @param max the limit while there is no overload
 */
export function createConcurrencyLimit(max: number): ConcurrencyLimit {
  const min = Math.min(max, MIN_LIMIT);
  let limit = max;
  let loweredFor = 0;
  // Lower limits have left CPU time unused.
  let lowest = min;

  function reset(nextLowest: number): void {
    limit = max;
    loweredFor = 0;
    lowest = Math.max(min, nextLowest);
  }

  return {
    current: () => limit,
    adapt(load) {
      const { utilization } = load;
      const hasCpuTime = utilization < BUSY;
      if (!rejectsMany(load) || !(hasCpuTime || needsCpu(load))) return reset(min);
      if (loweredFor === RETRY_AFTER) return reset(Math.floor(SEARCH_BELOW * lowest));
      if (hasCpuTime) {
        // Utilization is proportional to the requests in progress while there is CPU time left.
        limit = Math.min(max, Math.ceil((limit * BUSY) / utilization));
        if (limit < max) lowest = limit;
      } else {
        limit = Math.max(lowest, Math.floor(limit / 2));
      }
      loweredFor = limit < max ? loweredFor + 1 : 0;
    },
  };
}

const rejectsMany = ({ accepted, rejected }: Load) => rejected > 0.25 * (accepted + rejected);

/** Whether accepted requests, rather than rejections, take most of the CPU. Otherwise they wait for something else. */
const needsCpu = ({ accepted, rejected }: Load) => accepted > REJECTION_COST * rejected;

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
