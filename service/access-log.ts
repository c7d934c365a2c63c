import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { RequestEnv, RequestFacts } from "./request.ts";
import { type Logger, metricFields } from "./telemetry.ts";

export interface AccessLogSettings {
  readonly logger: Logger;
  readonly metricsNamespace: string;
  /** The template of the route, for a path that has one. */
  readonly routeOf: (path: string) => string | undefined;
  /** Routes that machines ask all the time: logged, but not counted in the metrics. */
  readonly probes: ReadonlySet<string>;
}

/** What a load balancer or a caller may name a request: enough for any tracing id, and fit for a log. */
const REQUEST_ID = /^[A-Za-z0-9._:=@/+-]{1,128}$/;

/** Names each request, in and out, and writes one line about it that holds nothing its caller sent. */
export function accessLog(settings: AccessLogSettings): MiddlewareHandler<RequestEnv> {
  const { logger, metricsNamespace, routeOf, probes } = settings;
  return async (context, next) => {
    const began = performance.now();
    const given = context.req.header("X-Request-Id") ?? "";
    const requestId = REQUEST_ID.test(given) ? given : randomUUID();
    const facts: RequestFacts = { metrics: {} };
    context.set("requestId", requestId);
    context.set("facts", facts);
    await next();

    context.header("X-Request-Id", requestId);
    const route = routeOf(context.req.path) ?? "unmatched";
    const { status } = context.res;
    const duration = Math.round((performance.now() - began) * 1_000) / 1_000;
    const { metrics, ...known } = facts;
    const counted = {
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
      ...known,
      ...(!probes.has(route) && metricFields(metricsNamespace, counted, Date.now())),
    };
    logger[levelOf(status, facts)](line, "request");
  };
}

function levelOf(status: number, { code, tampered }: RequestFacts): "info" | "warn" | "error" {
  if (tampered !== undefined || code === "InternalError") return "error";
  return status >= 500 ? "warn" : "info";
}
