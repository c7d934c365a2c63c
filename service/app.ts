import { Hono } from "hono";
import { accessLog } from "./access-log.ts";
import { authenticate } from "./authenticate.ts";
import type { AppDependencies } from "./dependencies.ts";
import { handleError } from "./errors.ts";
import { healthRoutes } from "./health.ts";
import { limitRequests } from "./limits.ts";
import { methodsByPath, openApiDocument } from "./openapi.ts";
import { Problem } from "./problem.ts";
import { recordRoutes } from "./records.ts";
import { receiveRejectedBody } from "./rejected-body.ts";
import type { RequestContext, RequestEnv } from "./request.ts";
import { respond } from "./response.ts";

/** Routes that load balancers poll: logged, but not counted in the metrics. */
const PROBES: ReadonlySet<string> = new Set(["/", "/healthz", "/readyz"]);

const JSON_TYPE = { "Content-Type": "application/json" };

/** The service without a port: `createApp(…).fetch` answers requests. */
export function createApp(dependencies: AppDependencies): Hono<RequestEnv> {
  const { limits, logger, metricsNamespace, isDraining, identity } = dependencies;
  const document = openApiDocument(limits.text, { identity: identity !== undefined });
  const openApi = JSON.stringify(document);
  const routes = methodsByPath(document);
  const routeOf = (path: string) => (routes.has(path) ? path : undefined);
  const app = new Hono<RequestEnv>();

  app.use(receiveRejectedBody(limits.deadline));
  const clientMetrics = identity?.clientMetrics ?? 0;
  app.use(accessLog({ logger, metricsNamespace, routeOf, probes: PROBES, clientMetrics }));
  app.use(async (context, next) => {
    await next();
    if (isDraining()) context.header("Connection", "close");
  });
  app.use(async (context, next) => {
    const methods = routes.get(context.req.path);
    if (methods === undefined || rawPathOf(context) !== context.req.path) {
      throw new Problem("NotFound", "Path not found; see /openapi.json for the available paths.");
    }
    if (!methods.includes(context.req.method)) {
      const allowed = methods.join(", ");
      throw new Problem("MethodNotAllowed", `Method not allowed; use ${allowed}.`, {
        Allow: allowed,
      });
    }
    await next();
  });

  app.route("/", healthRoutes(dependencies));
  app.get("/openapi.json", (context) => respond(context, openApi, JSON_TYPE));
  app.use(limitRequests(limits));
  if (identity !== undefined) app.use(authenticate(identity));
  app.route("/", recordRoutes(dependencies));
  app.onError(handleError(logger));
  return app;
}

/**
 * The path as the client sent it. Only an exact path is a route: rules of the web ACL match the raw path, so
 * `/./decrypt` and `/%64ecrypt` must not reach `/decrypt`.
 */
function rawPathOf({ env, req }: RequestContext): string | undefined {
  const target: string | undefined = env?.incoming?.url;
  return target === undefined ? req.path : target.split("?", 1)[0];
}
