import type { ServerResponse } from "node:http";
import type { MiddlewareHandler } from "hono";
import { createAdmission } from "./admission.ts";
import type { MemoryAccount, MemoryBudget } from "./memory-budget.ts";
import { Problem, RETRY_LATER } from "./problem.ts";
import type { RequestEnv } from "./request.ts";
import type { Slots } from "./slots.ts";

export interface RequestLimits {
  readonly slots: Slots;
  /** Milliseconds from the request's headers to its response. */
  readonly deadline: number;
  readonly memory: MemoryBudget;
}

/**
 * Sets a deadline for every request, and rejects requests while too many are in progress or memory is short.
 * A request counts from the end of its body until its work has ended, even past its deadline, which bounds
 * what a hanging dependency can pile up.
 */
export function limitRequests({
  slots,
  deadline,
  memory,
}: RequestLimits): MiddlewareHandler<RequestEnv> {
  return async (context, next) => {
    // Rejecting before the body is read and the client is identified costs a third.
    if (slots.isFull()) throw slots.reject();
    const controller = new AbortController();
    context.set("deadline", controller.signal);
    const account = memory.open();
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const end = (problem: Problem) => {
      reject(problem);
      controller.abort(problem);
    };
    const timer = setTimeout(() => end(deadlineExceeded(deadline)), deadline);
    const { admission, isAdmitted } = createAdmission({
      account,
      takeSlot: slots.take,
      deadline: controller.signal,
      evict: () => end(evicted()),
    });
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

function evicted(): Problem {
  const message = "The body arrived slowly while the memory for requests was in use; try again.";
  return new Problem("TooManyRequests", message, { "Retry-After": "1", Connection: "close" });
}

function deadlineExceeded(deadline: number): Problem {
  return new Problem(
    "DeadlineExceeded",
    `The request did not finish within ${deadline / 1_000} seconds.`,
    { ...RETRY_LATER, Connection: "close" },
  );
}
