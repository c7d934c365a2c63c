import { randomUUID } from "node:crypto";
import { createServer, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { limitConnections } from "./connections.ts";
import type { LoadShedding } from "./load-shedding.ts";
import { parseInPieces } from "./parse-in-pieces.ts";
import { type ProblemCode, problemStatus } from "./problem.ts";
import { dropBody } from "./rejected-body.ts";
import type { RequestEnv } from "./request.ts";
import { singleHeader } from "./single-header.ts";
import type { Logger } from "./telemetry.ts";

/** Milliseconds. */
const HEADERS_TIMEOUT = 10_000;

/**
 * Longer than the idle timeout of the load balancer (60 seconds), so that the service never closes a
 * connection that the load balancer is about to use.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
 */
const KEEP_ALIVE_TIMEOUT = 75_000;

export interface HttpServerProps {
  readonly app: Hono<RequestEnv>;
  readonly logger: Logger;
  readonly loadShedding: LoadShedding;
  /** Deadline of a request in milliseconds. */
  readonly deadline: number;
  /** Maximum number of open connections. */
  readonly maxConnections: number;
}

/**
 * Serves the app. Requests that never reach it, such as unparsable ones, also get the documented form of
 * errors with an X-Request-Id.
 */
export function createHttpServer({
  app,
  logger,
  loadShedding,
  deadline,
  maxConnections,
}: HttpServerProps): Server {
  const reject = (code: RejectionCode): Rejection => {
    const rejection = createRejection(code);
    const { requestId, status } = rejection;
    logger.info({ requestId, route: "unmatched", status, code }, "request");
    return rejection;
  };
  const listener = getRequestListener(app.fetch, {
    errorHandler: () => {
      const { status, headers, body } = reject("BadRequest");
      return new Response(body, { status, headers });
    },
  });
  const connections = limitConnections({
    max: maxConnections,
    reject: (socket) => write(socket, reject("TooManyRequests")),
  });
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
      // The app answers at its deadline; Node's own timeout, without an answer, comes after it.
      requestTimeout: HEADERS_TIMEOUT + deadline,
      // Node would reject such a request without a body and an X-Request-Id.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      if (!connections.admit(incoming, outgoing)) return;
      // Two could be read differently by a proxy and the service. https://www.rfc-editor.org/rfc/rfc9112#section-3.2
      if (singleHeader(incoming, "host") === undefined)
        return respond(outgoing, reject("BadRequest"));
      if (loadShedding.reject(incoming, outgoing)) return;
      void listener(incoming, outgoing).then(() => dropBody(incoming));
    },
  );
  server.on("connection", parseInPieces);
  server.on("connection", connections.opened);
  server.on("checkExpectation", (_, response: ServerResponse) => {
    respond(response, reject("ExpectationFailed"));
  });
  // Node closes the connection without a response otherwise. It no longer listens for errors of the connection, one of
  // which would end the process.
  server.on("connect", (_, socket: Socket) => {
    socket.on("error", () => socket.destroy());
    write(socket, reject("BadRequest"));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    // The client has gone; the app answers and logs a request whose headers it has received.
    const isGone = error.code === "ECONNRESET" || error.code === "HPE_INVALID_EOF_STATE";
    if (isGone || !socket.writable) return void socket.destroy();
    write(socket, reject(clientErrors[error.code ?? ""] ?? "BadRequest"));
  });
  return server;
}

function respond(response: ServerResponse, { status, headers, body }: Rejection): void {
  // Its body has not been parsed.
  response.req.resume();
  response.writeHead(status, headers).end(body);
}

/** Writes a response on a connection whose request Node does not hand out, and closes it. */
function write(socket: Socket, { status, headers, body }: Rejection): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n"), () =>
    socket.destroy(),
  );
}

/** https://nodejs.org/api/http.html#event-clienterror */
const clientErrors: Readonly<Record<string, RejectionCode>> = {
  HPE_HEADER_OVERFLOW: "HeadersTooLarge",
  ERR_HTTP_REQUEST_TIMEOUT: "RequestTimeout",
};

const messages = {
  BadRequest: "The request is not valid HTTP/1.1 with a path and one Host.",
  ExpectationFailed: "The only supported Expect header is 100-continue.",
  HeadersTooLarge: "The request headers are too large.",
  RequestTimeout: "The request did not arrive in time.",
  TooManyRequests: "Too many connections are open; try again in a second.",
} as const satisfies Partial<Record<ProblemCode, string>>;

type RejectionCode = keyof typeof messages;

interface Rejection {
  readonly requestId: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function createRejection(code: RejectionCode): Rejection {
  const requestId = randomUUID();
  const body = JSON.stringify({ Message: messages[code], Code: code, RequestId: requestId });
  return {
    requestId,
    status: problemStatus[code],
    headers: {
      "Content-Type": "application/json",
      "Content-Length": String(Buffer.byteLength(body)),
      "Cache-Control": "no-store",
      "X-Request-Id": requestId,
      ...(code === "TooManyRequests" && { "Retry-After": "1" }),
      Connection: "close",
    },
    body,
  };
}
