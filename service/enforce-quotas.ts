import type { MiddlewareHandler } from "hono";
import { Problem } from "./problem.ts";
import type { Quotas } from "./quotas.ts";
import type { RequestEnv } from "./request.ts";

/** Percentage of a client's decrypts of the day from which its volume is reported as unusual. */
const HIGH_VOLUME = 80;

/** Counts every request of an authenticated client, before anything of the body is read. */
export function enforceQuotas({ take }: Quotas): MiddlewareHandler<RequestEnv> {
  return async (context, next) => {
    const { client, facts } = context.var;
    if (client !== undefined) {
      try {
        const share = await take(client, context.req.path !== "/encrypt");
        if (share !== undefined) {
          facts.dayQuotaUsed = share;
          facts.metrics = { HighVolumeDecrypts: Number(share >= HIGH_VOLUME) };
        }
      } catch (error) {
        if (error instanceof Problem && error.code === "QuotaExceeded") {
          facts.metrics = { QuotaExceeded: 1 };
        }
        throw error;
      }
    }
    await next();
  };
}
