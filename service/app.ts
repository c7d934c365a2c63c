import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { accessLog } from "./access-log.ts";
import { DecryptRequest, EncryptRequest, ForgetRequest } from "./contract.ts";
import { DatabaseUnavailable } from "./database.ts";
import { formatKey, newKey, parseKey } from "./key.ts";
import { KmsUnavailable } from "./kms.ts";
import { limitRequests, type RequestLimits } from "./limits.ts";
import { openApiDocument } from "./openapi.ts";
import { Problem, problemStatus } from "./problem.ts";
import type { Verdict } from "./readiness.ts";
import { receiveRefusedBody } from "./refused-body.ts";
import { type RequestContext, type RequestEnv, readJson } from "./request.ts";
import type { Store } from "./store.ts";
import { errorFields, type Logger } from "./telemetry.ts";
import type { Vault } from "./vault.ts";

export interface AppDependencies {
  readonly vault: Vault;
  readonly store: Store;
  readonly readiness: () => Promise<Verdict>;
  readonly limits: RequestLimits & {
    /** Bytes of UTF-8 that a Text may have. */
    readonly text: number;
  };
  readonly logger: Logger;
  /** Of the CloudWatch metrics. */
  readonly metricsNamespace: string;
  /** True once the process has been told to stop. */
  readonly isDraining: () => boolean;
}

/** Every path with the methods that it answers. */
export const routes: ReadonlyMap<string, readonly string[]> = new Map([
  ["/", ["GET", "HEAD"]],
  ["/encrypt", ["POST"]],
  ["/decrypt", ["GET", "POST"]],
  ["/forget", ["POST"]],
  ["/healthz", ["GET", "HEAD"]],
  ["/readyz", ["GET", "HEAD"]],
  ["/openapi.json", ["GET", "HEAD"]],
]);

const PROBES = new Set(["/", "/healthz", "/readyz"]);

/** JSON may spell each byte of a Text in six (`\u0041`); the rest is room for Name, Key and syntax. */
const bodyLimit = (textLimit: number) => 6 * textLimit + 16_384;

/** The service without a port: `createApp(…).fetch` answers requests. */
export function createApp(dependencies: AppDependencies): Hono<RequestEnv> {
  const { vault, store, readiness, limits, logger, metricsNamespace, isDraining } = dependencies;
  const routeOf = (path: string) => (routes.has(path) ? path : undefined);
  const bodyBytes = bodyLimit(limits.text);
  const document = openApiDocument(limits.text);
  const app = new Hono<RequestEnv>();

  app.use(receiveRefusedBody(limits.deadline));
  app.use(accessLog({ logger, metricsNamespace, routeOf, probes: PROBES }));
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: "DENY",
    }),
  );
  app.use(async (context, next) => {
    await next();
    context.header("Cache-Control", "no-store");
    if (isDraining()) context.header("Connection", "close");
  });
  app.use(async (context, next) => {
    const methods = routes.get(context.req.path);
    if (methods === undefined) {
      throw new Problem("NotFound", "There is no such path; /openapi.json lists those there are.");
    }
    if (!methods.includes(context.req.method)) {
      const allowed = methods.join(", ");
      throw new Problem("MethodNotAllowed", `The path answers to ${allowed}.`, { Allow: allowed });
    }
    await next();
  });

  app.get("/", (context) => context.text("OK"));
  app.get("/healthz", (context) => context.json({ Status: "ok" }));
  app.get("/openapi.json", (context) => context.json(document));
  app.get("/readyz", async (context) => {
    if (isDraining()) {
      throw new Problem("NotReady", "Not ready: the process is stopping.", RETRY_LATER);
    }
    const { ready, checks, reasons } = await readiness();
    if (ready) return context.json({ Status: "ready", Checks: checks });
    context.get("facts").reason = reasons.join(", ");
    const missing = Object.entries(checks).filter(([, verdict]) => verdict !== "ok");
    const names = missing.map(([name]) => name).join(" and ");
    throw new Problem("NotReady", `Not ready: ${names} cannot be used.`, RETRY_LATER, {
      Checks: checks,
    });
  });

  app.use(limitRequests(limits));

  app.post("/encrypt", async (context) => {
    const { Name, Text } = await readJson(context, EncryptRequest, bodyBytes);
    requireSize(Text, limits.text);
    const deadline = context.get("deadline");
    const { key, record, kmsRequestId } = await vault.seal(Name, Text, deadline);
    context.get("facts").kmsRequestId = kmsRequestId;
    try {
      deadline.throwIfAborted();
      await store.insert(record);
      const Message = "Data encrypted and stored, keep your key safe";
      return context.json({ Message, Key: formatKey(key) });
    } finally {
      key.secret.fill(0);
    }
  });

  app.on(["GET", "POST"], "/decrypt", async (context) => {
    const { Name, Key } = await readJson(context, DecryptRequest, bodyBytes);
    const { text } = await open(context, Name, Key);
    return context.json({ Text: text });
  });

  app.post("/forget", async (context) => {
    const { Name, Key } = await readJson(context, ForgetRequest, bodyBytes);
    const { id } = await open(context, Name, Key);
    context.get("deadline").throwIfAborted();
    await store.remove(id, Name);
    return context.json({ Message: "Data deleted, the key opens nothing any more" });
  });

  /**
   * The one way to a text. A wrong Key, one that is no Key, a Name that is not there, a record that was
   * changed: each costs one lookup and one KMS call, and is answered alike.
   */
  async function open(context: RequestContext, name: string, given: string) {
    const key = parseKey(given) ?? newKey();
    const deadline = context.get("deadline");
    const facts = context.get("facts");
    try {
      const candidate = await store.find(key.id, name);
      deadline.throwIfAborted();
      const opened = await vault.open(key, name, candidate, deadline);
      const denied = opened.outcome !== "opened";
      const tampered = opened.outcome === "tampered";
      facts.kmsRequestId = opened.kmsRequestId;
      facts.metrics = {
        Decrypts: 1,
        DecryptDenied: Number(denied),
        TamperedRecords: Number(tampered),
      };
      if (tampered) facts.tampered = opened.reason;
      if (opened.outcome !== "opened") {
        throw new Problem(
          "DecryptionFailed",
          "Data decryption failed, make sure you have the correct key",
        );
      }
      return { id: key.id, text: opened.text };
    } finally {
      key.secret.fill(0);
    }
  }

  app.onError((thrown, context) => {
    // Whatever a request's work ends with once its deadline has passed, the deadline is why.
    const deadline: AbortSignal | undefined = context.get("deadline");
    const error = deadline?.aborted ? deadline.reason : thrown;
    const problem = problemOf(error);
    const facts = context.get("facts");
    facts.code = problem.code;
    if (error instanceof KmsUnavailable || error instanceof DatabaseUnavailable) {
      facts.reason = error.reason;
    }
    if (error instanceof KmsUnavailable) facts.kmsRequestId = error.requestId;
    if (problem.code === "InternalError") {
      logger.error(
        { requestId: context.get("requestId"), ...errorFields(error) },
        "unexpected error",
      );
    }
    return answer(context, problem);
  });

  return app;
}

function requireSize(text: string, limit: number): void {
  const size = Buffer.byteLength(text);
  if (size > limit) {
    throw new Problem("PayloadTooLarge", `Text has ${size} bytes of UTF-8; ${limit} are allowed.`);
  }
}

const RETRY_LATER = { "Retry-After": "2" };

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof KmsUnavailable) {
    return new Problem("KmsUnavailable", "KMS cannot be used now; try again.", RETRY_LATER);
  }
  if (error instanceof DatabaseUnavailable) {
    return new Problem(
      "DatabaseUnavailable",
      "The database cannot be used now; try again.",
      RETRY_LATER,
    );
  }
  return new Problem("InternalError", "Something went wrong here; give us the RequestId.");
}

function answer(context: RequestContext, problem: Problem) {
  const { code: Code, message: Message, headers, members } = problem;
  const RequestId = context.get("requestId");
  return context.json({ Message, Code, RequestId, ...members }, problemStatus[Code], {
    ...headers,
  });
}
