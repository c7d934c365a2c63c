import type { IncomingMessage, ServerResponse } from "node:http";
import { repeatHeaders } from "./header-template.ts";
import { type Problem, problemStatus } from "./problem.ts";
import { dropBody } from "./rejected-body.ts";
import { requestIdOf } from "./request-id.ts";
import { RESPONSE_HEADERS } from "./response-headers.ts";
import { singleHeader } from "./single-header.ts";
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

/** Whether a request is for an operation, with a body of a known length that the client does not send for long. */
function needsSlot(incoming: IncomingMessage): boolean {
  if (!OPERATIONS.has(`${incoming.method} ${incoming.url}`)) return false;
  const length = singleHeader(incoming, "content-length");
  return length !== undefined && Number(length) <= MAX_BODY;
}

/**
 * Rejects requests while all slots are taken, before the app sees them. The app needs a sixth of the CPU of a request
 * to reject one, so that a process under twice its load would keep less than 80 % of its capacity. For the same
 * reason there is one log line for each route and second, with the number of rejections, in place of one for each.
 * See docs/decisions/0031-rejections-are-summed.md.
 */
export function createLoadShedding(props: LoadSheddingProps): LoadShedding {
  const { slots, isDraining } = props;
  const { code } = slots.rejection;
  const respond = createRespond(slots.rejection);
  const tally = createTally(props, () => ({
    status: problemStatus[code],
    code,
    limit: slots.limit(),
  }));
  let timer: NodeJS.Timeout | undefined;
  // Rejections of this turn of the event loop.
  let ofThisTurn: Rejection[] = [];
  // Rejections whose body has not arrived, since this interval and since the one before.
  let arriving = new Set<Rejection>();
  let late = new Set<Rejection>();

  /**
   * Responds to all requests that were rejected in this turn of the event loop. Responses one after the other use less
   * CPU than responses between requests that are worked on.
   */
  function respondToAll(): void {
    const all = ofThisTurn;
    ofThisTurn = [];
    for (const rejection of all) {
      if (rejection.incoming.complete) {
        dropBody(rejection.incoming);
        respond(rejection);
      } else respondAfterBody(rejection);
    }
  }

  function respondAfterBody(rejection: Rejection): void {
    arriving.add(rejection);
    // The interval in which it was rejected may have ended.
    timer ??= setTimeout(endInterval, INTERVAL);
    rejection.incoming.resume().once("end", () => {
      if (arriving.delete(rejection) || late.delete(rejection)) respond(rejection);
    });
  }

  function endInterval(): void {
    flush();
    for (const rejection of late) {
      rejection.outgoing.shouldKeepAlive = false;
      respond(rejection);
    }
    late = arriving;
    arriving = new Set();
    if (late.size > 0) timer = setTimeout(endInterval, INTERVAL);
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    tally.log();
  }

  return {
    reject(incoming, outgoing) {
      if (!slots.isFull() || isDraining() || !needsSlot(incoming)) return false;
      slots.reject();
      tally.count(incoming.url ?? "");
      timer ??= setTimeout(endInterval, INTERVAL);
      if (ofThisTurn.length === 0) setImmediate(respondToAll);
      const requestId = requestIdOf(singleHeader(incoming, "x-request-id"));
      ofThisTurn.push({ incoming, outgoing, requestId });
      return true;
    },
    flush,
  };
}

/** @returns a function that sends a problem with the headers of the app */
function createRespond({ code, message: Message, headers: retry }: Problem) {
  const beginning = JSON.stringify({ Message, Code: code }).slice(0, -1);
  const headers = [
    ...RESPONSE_HEADERS,
    ...Object.entries(retry),
    ["Content-Type", "application/json"],
  ].flat();
  // An accepted id needs no escapes.
  const bodyWith = (requestId: string) => `${beginning},"RequestId":"${requestId}"}`;
  const writeHead = repeatHeaders((outgoing, requestId) => {
    const length = String(bodyWith(requestId).length);
    outgoing.writeHead(problemStatus[code], [
      ...headers,
      ...["X-Request-Id", requestId, "Content-Length", length],
    ]);
  });
  return ({ outgoing, requestId }: Rejection): void => {
    writeHead(outgoing, requestId);
    outgoing.end(bodyWith(requestId));
  };
}

/** Counts rejections by route, for one log line each. */
function createTally(
  { logger, metricsNamespace }: Pick<LoadSheddingProps, "logger" | "metricsNamespace">,
  fields: () => { readonly status: number; readonly code: string; readonly limit: number },
) {
  const counts = new Map<string, number>();
  return {
    count(route: string): void {
      counts.set(route, (counts.get(route) ?? 0) + 1);
    },
    /** Logs the counts and begins again. */
    log(): void {
      for (const [route, rejected] of counts) {
        const metrics = metricFields(metricsNamespace, { Requests: rejected }, Date.now());
        logger.info({ route, ...fields(), rejected, ...metrics }, "requests rejected");
      }
      counts.clear();
    },
  };
}
