import type { MiddlewareHandler } from "hono";
import { limitClientMetrics } from "./client-metrics.ts";
import type { RequestEnv, RequestFacts } from "./request.ts";
import { requestIdOf } from "./request-id.ts";
import { type Logger, metricFields } from "./telemetry.ts";

export interface AccessLogSettings {
  readonly logger: Logger;
  readonly metricsNamespace: string;
  /** Returns the route of a path; undefined for an unknown path. */
  readonly routeOf: (path: string) => string | undefined;
  /** Routes that are logged but not counted in the metrics. */
  readonly probes: ReadonlySet<string>;
  /** Maximum number of clients with metrics of their own. */
  readonly clientMetrics: number;
}

/** Gives every request an id and logs one line for it, without any caller input. */
export function accessLog(settings: AccessLogSettings): MiddlewareHandler<RequestEnv> {
  const { logger, metricsNamespace, routeOf, probes } = settings;
  const dimensionOf = limitClientMetrics(settings.clientMetrics);
  return async (context, next) => {
    const startedAt = performance.now();
    const requestId = requestIdOf(context.req.header("X-Request-Id"));
    const facts: RequestFacts = { metrics: {} };
    context.set("requestId", requestId);
    context.set("facts", facts);
    await next();

    const route = routeOf(context.req.path) ?? "unmatched";
    const { status } = context.res;
    const duration = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
    const { metrics, ...loggedFacts } = facts;
    const client = facts.client && dimensionOf(facts.client, metrics);
    const values = {
      Requests: 1,
      Latency: duration,
      ServerErrors: status >= 500 ? 1 : 0,
      ...metrics,
    };
    const line = {
      requestId,
      route,
      method: context.req.method,
      status,
      duration,
      ...loggedFacts,
      ...(!probes.has(route) && metricFields(metricsNamespace, values, Date.now(), { client })),
    };
    logger[levelOf(status, facts)](line, "request");
  };
}

function levelOf(status: number, facts: RequestFacts): "info" | "warn" | "error" {
  const { code, tampered, unreadable } = facts;
  if (tampered !== undefined || unreadable !== undefined || code === "InternalError")
    return "error";
  return status >= 500 ? "warn" : "info";
}
