import { setTimeout as delay } from "node:timers/promises";
import type { MemoryAccount } from "./memory-budget.ts";
import { OperatorError } from "./operator-error.ts";
import { Problem } from "./problem.ts";

/** What a request asks of the limits, in this order. */
export interface Admission {
  /** Call it before waiting for the body: from then on, others may get the memory of a client that is slow. */
  readonly awaitBody: () => void;
  /** Accounts for what has arrived of the body. @throws Problem 429 */
  readonly receive: (bytes: number) => void;
  /** Takes a slot for the work on a complete body. @throws Problem 429 */
  readonly begin: (bytes: number) => void;
  /** Waits for the memory of a record's text. Rejects at the deadline. */
  readonly awaitMemory: (bytes: number) => Promise<void>;
  /** Returns what a text of this size does not need. */
  readonly keepMemory: (bytes: number) => void;
}

/** Bytes of a request without its body: objects, timers and the parser of its connection. */
export const REQUEST_BYTES = 65_536;

/** A body is held as its pieces and as a whole. */
const COPIES_RECEIVED = 2;

/** While it is worked on: the body, its JSON as a string, and the statement with the ciphertext. */
const COPIES_WORKED_ON = 4;

/**
 * A text of a record: the row in hexadecimal digits as bytes and as a string, the ciphertext, the text as bytes
 * and as a string, and up to 6 bytes a character in JSON, as a string and as bytes.
 */
const COPIES_OF_TEXT = 20;

/** Milliseconds between two attempts to get memory. */
const MEMORY_RETRY = 20;

/** The share of the memory that requests may use; the rest is for the program and for garbage. */
const REQUEST_SHARE = 0.25;

/** JSON may escape each byte of a Text as six (`\u0041`); the rest is room for Name, Key and syntax. */
export const bodyLimit = (textLimit: number) => 6 * textLimit + 16_384;

/**
 * @param available bytes of memory of the container
 * @returns the bytes that all requests share
 * @throws OperatorError if one request with the largest body or Text needs more
 */
export function memoryForRequests(available: number, textLimit: number): number {
  const total = Math.floor(available * REQUEST_SHARE);
  const needed =
    REQUEST_BYTES + Math.max(COPIES_WORKED_ON * bodyLimit(textLimit), COPIES_OF_TEXT * textLimit);
  if (needed > total) {
    const mebibytes = (bytes: number) => Math.ceil(bytes / 2 ** 20);
    throw new OperatorError(
      `MAX_TEXT_BYTES of ${textLimit} needs ${mebibytes(needed / REQUEST_SHARE)} MiB of memory, but only ` +
        `${mebibytes(available)} MiB are available. Lower it, or run larger tasks.`,
    );
  }
  return total;
}

export interface AdmissionProps {
  readonly account: MemoryAccount;
  /** Throws a Problem when all slots are taken. */
  readonly takeSlot: () => void;
  /** Aborts when the request ends early. */
  readonly deadline: AbortSignal;
  /** Ends the request because its client sends the body slowly while memory is short. */
  readonly evict: () => void;
}

export function createAdmission({ account, takeSlot, deadline, evict }: AdmissionProps): {
  readonly admission: Admission;
  readonly isAdmitted: () => boolean;
} {
  let admitted = false;
  const hold = (bytes: number) => {
    if (!account.resize(REQUEST_BYTES + bytes)) throw tooMany("The memory for requests is in use");
  };
  const admission: Admission = {
    awaitBody: () => account.whileClientIsBusy(evict),
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
