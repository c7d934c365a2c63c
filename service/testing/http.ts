import { type IncomingHttpHeaders, request, type Server } from "node:http";
import { type AddressInfo, connect as connectTo } from "node:net";
import { createHttpServer } from "../http-server.ts";
import type { Harness } from "./harness.ts";

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends one HTTP request on its own connection. Unlike fetch, it allows a body with GET. */
export function send(
  port: number,
  method: string,
  path: string,
  { body = "", headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, method, path, headers, agent: false },
      async (response) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of response) chunks.push(chunk);
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Sends JSON as the curl commands of the walkthrough do. */
export function sendJson(port: number, method: string, path: string, body: unknown) {
  const text = JSON.stringify(body);
  const headers = {
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(text)),
  };
  return send(port, method, path, { body: text, headers });
}

/** Serves a harness on a free loopback port. */
export async function listenOn(
  { app, logger, loadShedding }: Pick<Harness, "app" | "logger" | "loadShedding">,
  maxConnections = 1_000,
): Promise<Server> {
  const server = createHttpServer({ app, logger, loadShedding, deadline: 10_000, maxConnections });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Writes bytes on a connection and returns everything received until the server closes it. */
export function exchange(
  port: number,
  send: (write: (text: string) => void, end: () => void) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTo(port, "127.0.0.1");
    let received = "";
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      received += text;
    });
    socket.on("close", () => resolve(received));
    socket.on("error", reject);
    socket.on("connect", () =>
      send(
        (text) => socket.write(text),
        () => socket.end(),
      ),
    );
  });
}
