import type { MiddlewareHandler } from "hono";
import { Problem } from "./problem.ts";
import type { RequestEnv } from "./request.ts";

export interface RequestLimits {
  /** Maximum number of requests in progress. */
  readonly inFlight: number;
  /** Milliseconds from the request's headers to its response. */
  readonly deadline: number;
}

/**
 * Sets a deadline for every request, and rejects requests while too many are in progress. A request counts
 * until its work has ended, even past its deadline, which bounds what a hanging dependency can pile up.
 */
export function limitRequests({
  inFlight,
  deadline,
}: RequestLimits): MiddlewareHandler<RequestEnv> {
  let inProgress = 0;
  return async (context, next) => {
    if (inProgress >= inFlight) {
      throw new Problem(
        "TooManyRequests",
        `The limit of ${inFlight} requests in progress is reached; try again in a second.`,
        { "Retry-After": "1" },
      );
    }
    const controller = new AbortController();
    context.set("deadline", controller.signal);
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const problem = new Problem(
          "DeadlineExceeded",
          `The request did not finish within ${deadline / 1_000} seconds.`,
          { "Retry-After": "2", Connection: "close" },
        );
        reject(problem);
        controller.abort(problem);
      }, deadline);
    });
    inProgress += 1;
    const work = next().finally(() => {
      inProgress -= 1;
    });
    try {
      await Promise.race([work, expired]);
    } finally {
      clearTimeout(timer);
    }
  };
}
