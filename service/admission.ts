import { setTimeout as delay } from "node:timers/promises";
import type { MemoryAccount } from "./memory-budget.ts";
import { Problem } from "./problem.ts";

/** What a request asks of the limits, in this order. */
export interface Admission {
  /** Accounts for what has arrived of the body. @throws Problem 429 */
  readonly receive: (bytes: number) => void;
  /** Takes a slot for the work on a complete body. @throws Problem 429 */
  readonly begin: (bytes: number) => void;
  /** Waits for the memory of a record's text. Rejects at the deadline. */
  readonly awaitMemory: (bytes: number) => Promise<void>;
  /** Returns what the text, now known, does not need. */
  readonly keepMemory: (bytes: number) => void;
}

/** Bytes of a request without its body: objects, timers and the parser of its connection. */
export const REQUEST_BYTES = 65_536;

/** A body is held as its pieces and as a whole. */
const COPIES_RECEIVED = 2;

/** While it is worked on: the body, its JSON as a string, and the statement with the ciphertext. */
const COPIES_WORKED_ON = 4;

/** A text of a record: the row as hexadecimal digits and as bytes, the text, and up to 6 bytes a character in JSON. */
const COPIES_OF_TEXT = 12;

/** Milliseconds between two attempts to get memory. */
const MEMORY_RETRY = 20;

/** @returns the memory that one request with the largest body or text needs */
export function memoryOfRequest(bodyLimit: number, textLimit: number): number {
  return REQUEST_BYTES + Math.max(COPIES_WORKED_ON * bodyLimit, COPIES_OF_TEXT * textLimit);
}

/**
 * @param takeSlot throws a Problem when all slots are taken
 * @param deadline aborts when the request ends early
 */
export function createAdmission(
  account: MemoryAccount,
  takeSlot: () => void,
  deadline: AbortSignal,
): { readonly admission: Admission; readonly isAdmitted: () => boolean } {
  let admitted = false;
  const hold = (bytes: number) => {
    if (!account.resize(REQUEST_BYTES + bytes)) throw tooMany("The memory for requests is in use");
  };
  const admission: Admission = {
    receive: (bytes) => hold(COPIES_RECEIVED * bytes),
    begin(bytes) {
      deadline.throwIfAborted();
      hold(COPIES_WORKED_ON * bytes);
      takeSlot();
      admitted = true;
      account.whileClientIsBusy(undefined);
    },
    async awaitMemory(bytes) {
      while (!account.resize(REQUEST_BYTES + COPIES_OF_TEXT * bytes)) {
        await delay(MEMORY_RETRY, undefined, { signal: deadline });
      }
    },
    keepMemory: (bytes) => void account.resize(REQUEST_BYTES + COPIES_OF_TEXT * bytes),
  };
  return { admission, isAdmitted: () => admitted };
}

export function tooMany(reason: string): Problem {
  return new Problem("TooManyRequests", `${reason}; try again in a second.`, {
    "Retry-After": "1",
  });
}
