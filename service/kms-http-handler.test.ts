import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { KMSClient } from "@aws-sdk/client-kms";
import { HttpRequest } from "@smithy/core/transport";
import { afterEach, describe, expect, test } from "vitest";
import { createHttpHandler } from "./kms-http-handler.ts";
import { createCertificate } from "./testing/certificate.ts";

const TIMEOUT = 60_000;
const servers: NetServer[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function startServer(respond: (response: ServerResponse, body: string) => void) {
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    respond(response, Buffer.concat(chunks).toString());
  });
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
  });
  server.listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, connections: () => connections };
}

function requestTo(port: number, body: string | Uint8Array = "{}"): HttpRequest {
  const headers = { "content-length": String(Buffer.byteLength(body)) };
  return new HttpRequest({
    protocol: "http:",
    hostname: "127.0.0.1",
    port,
    method: "POST",
    headers,
    body,
  });
}

/** The handler and the SDK's. */
function handlers(timeout = TIMEOUT) {
  const requestHandler = { requestTimeout: timeout, throwOnRequestTimeout: true };
  const sdk = new KMSClient({ region: "ap-southeast-2", requestHandler }).config.requestHandler;
  return [createHttpHandler(timeout), sdk];
}

const failureOf = async (promise: Promise<unknown>) => {
  const [result] = await Promise.allSettled([promise]);
  const { name, code } = (result as PromiseRejectedResult).reason;
  return { name, code };
};

describe("an HTTP handler of KMS", () => {
  test("returns the status, the headers and the whole body, and reuses its connection", async () => {
    const { port, connections } = await startServer((response, body) => {
      response.writeHead(400, { "x-amzn-requestid": "r" });
      response.write(body.slice(0, 1));
      setImmediate(() => response.end(body.slice(1)));
    });
    const handler = createHttpHandler(TIMEOUT);
    for (const body of ["{}", Buffer.from("ü")]) {
      const { response } = await handler.handle(requestTo(port, body));
      expect(response).toMatchObject({ statusCode: 400, headers: { "x-amzn-requestid": "r" } });
      expect(String(response.body)).toBe(String(body));
    }
    expect(connections()).toBe(1);
  });

  test("rejects a lost or refused connection with the SDK's name and code", async () => {
    const { port } = await startServer((response) => response.socket?.resetAndDestroy());
    for (const request of [requestTo(port), requestTo(1)]) {
      const [ours, theirs] = await Promise.all(
        handlers().map((handler) => failureOf(handler.handle(request))),
      );
      expect(ours).toEqual(theirs);
    }
  });

  test("rejects a response that breaks off as a lost connection, on which the SDK retries", async () => {
    const { port } = await startServer((response) => {
      response.writeHead(200, { "content-length": "10" }).write("{");
      setImmediate(() => response.socket?.resetAndDestroy());
    });
    const failure = await failureOf(createHttpHandler(TIMEOUT).handle(requestTo(port)));
    expect(failure).toEqual({ name: "TimeoutError", code: "ECONNRESET" });
  });

  test("rejects a server that switches to another protocol, instead of waiting for a response forever", async () => {
    const { port } = await startServer((response) => {
      response.writeHead(101, { Connection: "Upgrade", Upgrade: "other" }).end();
    });
    expect(await failureOf(createHttpHandler(TIMEOUT).handle(requestTo(port)))).toEqual({
      name: "TimeoutError",
      code: "ECONNRESET",
    });
  });

  test("times out a server that is silent, before its response as the SDK does and within it", async () => {
    const silent = await startServer(() => {});
    const [ours, theirs] = await Promise.all(
      handlers(50).map((handler) => failureOf(handler.handle(requestTo(silent.port)))),
    );
    expect(ours).toEqual({ name: "TimeoutError", code: "ETIMEDOUT" });
    expect(ours).toEqual(theirs);
    const stalled = await startServer((response) => {
      response.writeHead(200, { "content-length": "10" }).write("{");
    });
    const failure = await failureOf(createHttpHandler(50).handle(requestTo(stalled.port)));
    expect(failure).toEqual(ours);
  });

  test("verifies the certificate of an https endpoint", async () => {
    const server = createTlsServer(createCertificate()).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const request = requestTo((server.address() as AddressInfo).port);
    request.protocol = "https:";
    const { code } = await failureOf(createHttpHandler(TIMEOUT).handle(request));
    expect(code).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  test("resolves a host name once for all attempts that wait for it, also for those that have ended", async () => {
    const { port } = await startServer((response) => response.end("{}"));
    const answers: (() => void)[] = [];
    const handler = createHttpHandler(TIMEOUT, (_host, _options, callback) => {
      answers.push(() => callback(null, [{ address: "127.0.0.1", family: 4 }]));
    });
    const controller = new AbortController();
    const handle = (options = {}) =>
      handler.handle(Object.assign(requestTo(port), { hostname: "kms.example.com" }), options);
    const ended = failureOf(handle({ abortSignal: controller.signal }));
    await expect.poll(() => answers.length).toBe(1);
    controller.abort();
    expect(await ended).toMatchObject({ name: "AbortError" });
    const waiting = [handle(), handle()];
    await new Promise((resolve) => setImmediate(resolve));
    expect(answers).toHaveLength(1);
    answers[0]?.();
    for (const { response } of await Promise.all(waiting)) expect(response.statusCode).toBe(200);
  });

  test("stops on abort, also before it sends anything", async () => {
    const { port, connections } = await startServer(() => controller.abort());
    const controller = new AbortController();
    const { signal: abortSignal } = controller;
    const handler = createHttpHandler(TIMEOUT);
    const failure = { name: "AbortError", code: undefined };
    expect(await failureOf(handler.handle(requestTo(port), { abortSignal }))).toEqual(failure);
    expect(connections()).toBe(1);
    expect(await failureOf(handler.handle(requestTo(port), { abortSignal }))).toEqual(failure);
    expect(connections()).toBe(1);
  });
});

test("does not count the time in which the process is too busy to send or to read", async () => {
  const { port } = await startServer((response) => {
    // Due 50 ms after the process continues, later than a timer of the attempt's whole timeout.
    block(350);
    setTimeout(() => response.end("{}"), 50);
  });
  const handled = createHttpHandler(300).handle(requestTo(port));
  block(350);
  expect((await handled).response.statusCode).toBe(200);
});

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
