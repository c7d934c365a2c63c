import type { MiddlewareHandler } from "hono";
import { Problem } from "./problem.ts";
import type { RequestEnv } from "./request.ts";

export interface RequestLimits {
  /** Requests worked on at once. */
  readonly inFlight: number;
  /** Milliseconds from the request's head to its answer. */
  readonly deadline: number;
}

/**
 * Gives every request a deadline, and refuses those that come while too many are being worked on. A
 * request counts until its work has ended, which may be after its deadline: what a dependency that
 * hangs can pile up is bounded.
 */
export function limitRequests({
  inFlight,
  deadline,
}: RequestLimits): MiddlewareHandler<RequestEnv> {
  let working = 0;
  return async (context, next) => {
    if (working >= inFlight) {
      throw new Problem(
        "TooManyRequests",
        `${inFlight} requests are being worked on, which is the limit; try again in a second.`,
        { "Retry-After": "1" },
      );
    }
    const controller = new AbortController();
    context.set("deadline", controller.signal);
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const problem = new Problem(
          "DeadlineExceeded",
          `The request was not finished within ${deadline / 1_000} seconds.`,
          { "Retry-After": "2", Connection: "close" },
        );
        reject(problem);
        controller.abort(problem);
      }, deadline);
    });
    working += 1;
    const work = next().finally(() => {
      working -= 1;
    });
    try {
      await Promise.race([work, passed]);
    } finally {
      clearTimeout(timer);
    }
  };
}
