import { Hono } from "hono";
import type { AppDependencies } from "./dependencies.ts";
import { Problem, RETRY_LATER } from "./problem.ts";
import type { RequestEnv } from "./request.ts";

/** Health checks for the load balancer, ECS and operators. None of them counts against the limits. */
export function healthRoutes({
  readiness,
  isDraining,
}: Pick<AppDependencies, "readiness" | "isDraining">): Hono<RequestEnv> {
  const app = new Hono<RequestEnv>();
  app.get("/", (context) => context.text("OK"));
  app.get("/healthz", (context) => context.json({ Status: "ok" }));
  app.get("/readyz", async (context) => {
    if (isDraining()) {
      throw new Problem("NotReady", "Not ready: the process is stopping.", RETRY_LATER);
    }
    const { ready, checks, reasons } = await readiness();
    if (ready) return context.json({ Status: "ready", Checks: checks });
    context.get("facts").reason = reasons.join(", ");
    const unavailable = Object.entries(checks)
      .filter(([, check]) => check !== "ok")
      .map(([name]) => name);
    const message = `Not ready: ${unavailable.join(" and ")} unavailable.`;
    throw new Problem("NotReady", message, RETRY_LATER, { Checks: checks });
  });
  return app;
}
