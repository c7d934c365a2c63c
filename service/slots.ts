import { tooMany } from "./admission.ts";
import type { Problem } from "./problem.ts";

/** Bounds the requests that are worked on at the same time. */
export interface Slots {
  readonly isFull: () => boolean;
  /** @throws Problem 429 when all slots are taken */
  readonly take: () => void;
  readonly free: () => void;
  /** The problem that `take` throws. */
  readonly rejection: Problem;
}

/** @param limit maximum number of requests that are worked on */
export function createSlots(limit: number): Slots {
  let taken = 0;
  // Created once: all rejections are the same.
  const rejection = tooMany(`The limit of ${limit} requests in progress is reached`);
  return {
    isFull: () => taken >= limit,
    take() {
      if (taken >= limit) throw rejection;
      taken += 1;
    },
    free() {
      taken -= 1;
    },
    rejection,
  };
}
