import { tooMany } from "./admission.ts";
import { createConcurrencyLimit } from "./concurrency-limit.ts";
import type { Problem } from "./problem.ts";

/** Bounds the requests that are worked on at the same time. */
export interface Slots {
  readonly isFull: () => boolean;
  /** @throws Problem 429 when all slots are taken */
  readonly take: () => void;
  readonly free: () => void;
  /** Counts a request that is rejected because all slots are taken. @returns `rejection` */
  readonly reject: () => Problem;
  readonly rejection: Problem;
  /** The number of slots at present. */
  readonly limit: () => number;
  /**
   * Adapts the number of slots to the load. Call it at the end of each interval.
   * @param utilization share of the time in which the event loop was busy, from 0 to 1
   */
  readonly adapt: (utilization: number) => void;
}

/**
 * Share of the counts that the next interval keeps. A task with a part of a vCPU gets its CPU time in slices, so that one
 * interval accepts many requests and the next one none.
 */
const REMEMBERED = 0.7;

/** @param max number of slots of a process that is not overloaded */
export function createSlots(max: number): Slots {
  const { current: limit, adapt } = createConcurrencyLimit(max);
  let taken = 0;
  let accepted = 0;
  let rejected = 0;
  // Created once: all rejections are the same.
  const rejection = tooMany("Too many requests are in progress");
  const isFull = () => taken >= limit();
  function reject(): Problem {
    rejected += 1;
    return rejection;
  }
  return {
    isFull,
    take() {
      if (isFull()) throw reject();
      taken += 1;
      accepted += 1;
    },
    free() {
      taken -= 1;
    },
    reject,
    rejection,
    limit,
    adapt(utilization) {
      adapt({ utilization, accepted, rejected });
      accepted *= REMEMBERED;
      rejected *= REMEMBERED;
    },
  };
}
