import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { MiddlewareHandler } from "hono";
import type { MemoryAccount, MemoryBudget } from "./memory-budget.ts";
import { Problem } from "./problem.ts";
import type { RequestEnv } from "./request.ts";

export interface RequestLimits {
  /** Maximum number of requests that are worked on. */
  readonly inFlight: number;
  /** Milliseconds from the request's headers to its response. */
  readonly deadline: number;
  readonly memory: MemoryBudget;
}

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
 * Sets a deadline for every request, and rejects requests while too many are in progress or memory is short.
 * A request counts from the end of its body until its work has ended, even past its deadline, which bounds
 * what a hanging dependency can pile up.
 */
export function limitRequests({
  inFlight,
  deadline,
  memory,
}: RequestLimits): MiddlewareHandler<RequestEnv> {
  let inProgress = 0;

  const slots = {
    take() {
      if (inProgress >= inFlight) {
        throw tooMany(`The limit of ${inFlight} requests in progress is reached`);
      }
      inProgress += 1;
    },
    free() {
      inProgress -= 1;
    },
  };

  return async (context, next) => {
    const controller = new AbortController();
    context.set("deadline", controller.signal);
    const account = memory.open();
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<never>((_, reject) => {
      const end = (problem: Problem) => {
        reject(problem);
        controller.abort(problem);
      };
      timer = setTimeout(end, deadline, deadlineExceeded(deadline));
      account.whileClientIsBusy(() => end(evicted()));
    });
    const { admission, isAdmitted } = createAdmission(account, slots.take, controller.signal);
    context.set("admission", admission);
    const work = next().finally(() => {
      if (isAdmitted()) slots.free();
    });
    try {
      await Promise.race([work, ended]);
    } finally {
      clearTimeout(timer);
      // A rejected body is not kept, so its client may take its time.
      if (isAdmitted()) void closeAfter(account, work, context.env?.outgoing, deadline);
      else account.close();
    }
  };
}

function createAdmission(account: MemoryAccount, takeSlot: () => void, deadline: AbortSignal) {
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

/**
 * Closes the account once the work has ended and the client has its response. A client that does not take
 * its response loses the connection.
 */
async function closeAfter(
  account: MemoryAccount,
  work: Promise<void>,
  outgoing: ServerResponse | undefined,
  deadline: number,
): Promise<void> {
  if (outgoing !== undefined && !outgoing.closed) {
    account.whileClientIsBusy(() => outgoing.destroy());
    const timer = setTimeout(() => outgoing.destroy(), 2 * deadline).unref();
    await new Promise((resolve) => outgoing.once("close", resolve));
    clearTimeout(timer);
  }
  await work.catch(() => {});
  account.close();
}

function tooMany(reason: string): Problem {
  return new Problem("TooManyRequests", `${reason}; try again in a second.`, {
    "Retry-After": "1",
  });
}

function evicted(): Problem {
  const message = "The body arrived slowly while the memory for requests was in use; try again.";
  return new Problem("TooManyRequests", message, { "Retry-After": "1", Connection: "close" });
}

function deadlineExceeded(deadline: number): Problem {
  return new Problem(
    "DeadlineExceeded",
    `The request did not finish within ${deadline / 1_000} seconds.`,
    { "Retry-After": "2", Connection: "close" },
  );
}
