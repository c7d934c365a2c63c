import type { IncomingMessage, ServerResponse } from "node:http";
import { problemStatus } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { RESPONSE_HEADERS } from "./response-headers.ts";
import type { Slots } from "./slots.ts";
import { type Logger, metricFields } from "./telemetry.ts";

export interface LoadSheddingProps {
  readonly slots: Slots;
  readonly logger: Logger;
  readonly metricsNamespace: string;
  /** True from SIGTERM until the process exits: then the app also asks clients to close their connections. */
  readonly isDraining: () => boolean;
}

export interface LoadShedding {
  /** @returns whether it responds to the request. Otherwise the request is untouched. */
  readonly reject: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
  /** Logs the rejections that have not been logged. */
  readonly flush: () => void;
}

/** Milliseconds between log lines. A body has at least as long to arrive. */
const INTERVAL = 1_000;

/** Bytes of a body. The app receives a larger one before it responds, as the client may send it for long. */
const MAX_BODY = 16_384;

/** Requests that take a slot, by method and exact target. */
const OPERATIONS: ReadonlySet<string> = new Set([
  "POST /encrypt",
  "GET /decrypt",
  "POST /decrypt",
  "POST /forget",
]);

interface Rejection {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly requestId: string;
}

/**
 * Rejects requests while all slots are taken, before the app sees them. The app needs a sixth of the CPU of a request
 * to reject one, so that a process under twice its load would keep less than 80 % of its capacity. For the same
 * reason there is one log line for each route and second, with the number of rejections, in place of one for each.
 * See docs/decisions/0031-rejections-are-summed.md.
 */
export function createLoadShedding(props: LoadSheddingProps): LoadShedding {
  const { slots, logger, metricsNamespace, isDraining } = props;
  const { code, message: Message, headers: retry } = slots.rejection;
  const status = problemStatus[code];
  const beginning = JSON.stringify({ Message, Code: code }).slice(0, -1);
  const headers = [
    ...RESPONSE_HEADERS,
    ...Object.entries(retry),
    ["Content-Type", "application/json"],
  ].flat();
  const counts = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  // Rejections without a response.
  let ofThisTurn: Rejection[] = [];
  // Rejections whose body has not arrived, since this interval and since the one before.
  let arriving = new Set<Rejection>();
  let late = new Set<Rejection>();

  function respond({ outgoing, requestId }: Rejection, connection: readonly string[] = []): void {
    // An accepted id needs no escapes.
    const body = `${beginning},"RequestId":"${requestId}"}`;
    const ofThis = ["X-Request-Id", requestId, "Content-Length", String(body.length)];
    outgoing.writeHead(status, [...headers, ...ofThis, ...connection]);
    outgoing.end(body);
  }

  /**
   * Responds to all requests that were rejected in this turn of the event loop. Responses one after the other use less
   * CPU than responses between requests that are worked on.
   */
  function respondToAll(): void {
    const all = ofThisTurn;
    ofThisTurn = [];
    for (const rejection of all) {
      if (rejection.incoming.complete) respond(rejection);
      else respondAfterBody(rejection);
    }
  }

  function respondAfterBody(rejection: Rejection): void {
    arriving.add(rejection);
    rejection.incoming.resume().once("end", () => {
      if (arriving.delete(rejection) || late.delete(rejection)) respond(rejection);
    });
  }

  function count(route: string): void {
    counts.set(route, (counts.get(route) ?? 0) + 1);
    timer ??= setTimeout(endInterval, INTERVAL);
  }

  function endInterval(): void {
    flush();
    for (const rejection of late) respond(rejection, ["Connection", "close"]);
    late = arriving;
    arriving = new Set();
    if (late.size > 0) timer = setTimeout(endInterval, INTERVAL);
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const [route, rejected] of counts) {
      const metrics = metricFields(metricsNamespace, { Requests: rejected }, Date.now());
      logger.info({ route, status, code, rejected, ...metrics }, "requests rejected");
    }
    counts.clear();
  }

  return {
    reject(incoming, outgoing) {
      const { method, url = "" } = incoming;
      if (!slots.isFull() || isDraining() || !OPERATIONS.has(`${method} ${url}`)) return false;
      const { "content-length": length, "x-request-id": callerId } = incoming.headers;
      if (length === undefined || Number(length) > MAX_BODY) return false;
      count(url);
      if (ofThisTurn.length === 0) setImmediate(respondToAll);
      ofThisTurn.push({ incoming, outgoing, requestId: requestIdOf(callerId?.toString()) });
      return true;
    },
    flush,
  };
}
