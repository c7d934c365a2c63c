import { lookup as lookUp } from "node:dns";
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { HttpHandler } from "@smithy/core/protocols";
import { type HttpRequest, HttpResponse } from "@smithy/core/transport";
import { shareLookups } from "./shared-lookup.ts";

/**
 * Sends requests of the SDK over kept-alive connections, and reads each response as a whole. Does what the SDK's
 * NodeHttpHandler does with less than half its CPU: one timer in place of four, and no stream for the body.
 * Errors have the names and codes on which the SDK retries.
 * @param timeout milliseconds of an attempt, from connecting to the end of the response
 * @param lookup resolves host names
 */
export function createHttpHandler(
  timeout: number,
  lookup: LookupFunction = lookUp,
): HttpHandler<Record<string, unknown>> {
  // The limit on requests in progress bounds the connections. The SDK's limit of 50 would make further calls
  // wait for a connection while the clock of their attempt runs.
  const options = {
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    lookup: shareLookups(lookup),
  };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);
  const send = (protocol: string, options: RequestOptions) =>
    protocol === "https:"
      ? httpsRequest({ ...options, agent: https })
      : httpRequest({ ...options, agent: http });

  return {
    metadata: { handlerProtocol: "http/1.1" },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    async handle(request: HttpRequest, options = {}) {
      const abortSignal = options.abortSignal as AbortSignal | undefined;
      const { protocol, hostname, port, method, path, headers, body } = request;
      if (abortSignal?.aborted) throw aborted(abortSignal);
      const host = hostname.replace(/^\[|\]$/g, "");
      const outgoing = send(protocol, { host, port, method, path, headers });
      const stop = (error: Error) => void outgoing.destroy(error);
      const abort = () => stop(aborted(abortSignal));
      const stopClock = startClock(timeout, () =>
        stop(named("TimeoutError", { code: "ETIMEDOUT" })),
      );
      abortSignal?.addEventListener("abort", abort, { once: true });
      try {
        return { response: await responseTo(outgoing, body) };
      } finally {
        stopClock();
        abortSignal?.removeEventListener("abort", abort);
      }
    },
  };
}

/** Milliseconds between two ticks of the clock of an attempt. */
const TICK = 100;

/**
 * Calls `expire` after `timeout` milliseconds in which this process was able to run. A process without CPU sends
 * requests and reads responses late. That must not expire an attempt: the retry would add to the load. So a tick
 * counts as TICK, however late it is.
 * @returns a function that stops the clock
 */
function startClock(timeout: number, expire: () => void): () => void {
  let left = timeout;
  const tick = () => {
    left -= TICK;
    if (left <= 0) expire();
    else timer = setTimeout(tick, Math.min(left, TICK));
  };
  let timer = setTimeout(tick, Math.min(left, TICK));
  return () => clearTimeout(timer);
}

const aborted = (signal: AbortSignal | undefined) => named("AbortError", { cause: signal?.reason });

function named(name: string, members: object): Error {
  return Object.assign(new Error("The request to KMS was stopped."), { name, ...members });
}

const LOST_CONNECTION: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT"]);

/** The SDK's handler gives lost connections this name. */
function withName(error: NodeJS.ErrnoException): Error {
  return LOST_CONNECTION.has(error.code) ? Object.assign(error, { name: "TimeoutError" }) : error;
}

function responseTo(outgoing: ClientRequest, body: unknown): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(withName(error));
    outgoing.on("error", fail);
    // Node closes the connection without an error otherwise, and the request would hold its slot forever.
    outgoing.once("upgrade", (_, socket) => {
      socket.destroy();
      fail(Object.assign(new Error("The server switched protocols."), { code: "ECONNRESET" }));
    });
    outgoing.once("response", (response: IncomingMessage) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        const { statusCode = 0 } = response;
        const headers = response.headers as Record<string, string>;
        resolve(new HttpResponse({ statusCode, headers, body: Buffer.concat(chunks) }));
      });
    });
    outgoing.end(body);
  });
}
