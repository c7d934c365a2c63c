import { Hono } from "hono";
import type { AppDependencies } from "./dependencies.ts";
import { Problem, RETRY_LATER } from "./problem.ts";
import type { RequestEnv } from "./request.ts";
import { respond, respondJson } from "./response.ts";

/** Health checks for the load balancer, ECS and operators. None of them counts against the limits. */
export function healthRoutes({
  readiness,
  isDraining,
}: Pick<AppDependencies, "readiness" | "isDraining">): Hono<RequestEnv> {
  const app = new Hono<RequestEnv>();
  app.get("/", (context) =>
    respond(context, "OK", { "Content-Type": "text/plain; charset=UTF-8" }),
  );
  app.get("/healthz", (context) => respondJson(context, { Status: "ok" }));
  app.get("/readyz", async (context) => {
    if (isDraining()) {
      throw new Problem("NotReady", "Not ready: the process is stopping.", RETRY_LATER);
    }
    const { ready, checks, reasons } = await readiness();
    if (ready) return respondJson(context, { Status: "ready", Checks: checks });
    context.get("facts").reason = reasons.join(", ");
    const unavailable = Object.entries(checks)
      .filter(([, check]) => check !== "ok")
      .map(([name]) => name);
    const message = `Not ready: ${unavailable.join(" and ")} unavailable.`;
    throw new Problem("NotReady", message, RETRY_LATER, { Checks: checks });
  });
  return app;
}
