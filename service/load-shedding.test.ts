import type { Server } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openApiDocument } from "./openapi.ts";
import { useService } from "./testing/fixture.ts";
import { createHarness, type Harness } from "./testing/harness.ts";
import { exchange, listenOn, portOf, send, sendJson } from "./testing/http.ts";

const fixture = useService();

/** The headers that differ between responses. */
const VARYING = { date: undefined, "x-request-id": undefined };

describe("while all slots are taken", () => {
  let service: Harness;
  let server: Server;
  let port: number;

  beforeEach(async () => {
    const { postgres } = fixture;
    service = createHarness({ databaseUrl: postgres.url, kms: fixture.service.kms, inFlight: 1 });
    server = await listenOn(service);
    port = portOf(server);
    service.slots.take();
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await service.database.close(0);
  });

  const operations = Object.entries(openApiDocument(1).paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => "requestBody" in operation)
      .map(([method]) => [method.toUpperCase(), path] as const),
  );

  test.each(operations)("rejects %s %s as the app does, without the app", async (method, path) => {
    const rejected = await sendJson(port, method, path, { Name: "n" });
    const byApp = await send(port, method, path, {
      body: '{"Name":"n"}',
      headers: { "Content-Type": "application/json", "Transfer-Encoding": "chunked" },
    });
    expect(service.lines).toMatchObject([{ msg: "request", status: 429 }]);
    expect(rejected.status).toBe(429);
    expect({ ...rejected.headers, ...VARYING }).toEqual({ ...byApp.headers, ...VARYING });
    const id = String(rejected.headers["x-request-id"]);
    expect(JSON.parse(rejected.text)).toEqual({ ...JSON.parse(byApp.text), RequestId: id });
  });

  test("returns the caller's request id only in a form that cannot hold a Key", async () => {
    const ids = ["trace-1", `cwk_${"a".repeat(60)}`, 'a"b'];
    const returned: unknown[] = [];
    for (const id of ids) {
      const headers = { "X-Request-Id": id, "Content-Length": "2" };
      const { headers: received, text } = await send(port, "POST", "/encrypt", {
        body: "{}",
        headers,
      });
      expect(JSON.parse(text).RequestId).toBe(received["x-request-id"]);
      returned.push(received["x-request-id"]);
    }
    const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(returned).toEqual(["trace-1", uuid, uuid]);
  });

  test("logs the number of rejections by route, and counts them in the metric Requests", async () => {
    for (const path of ["/encrypt", "/decrypt", "/encrypt"]) await sendJson(port, "POST", path, {});
    expect(service.lines).toEqual([]);
    service.loadShedding.flush();
    const line = {
      level: "info",
      msg: "requests rejected",
      status: 429,
      code: "TooManyRequests",
      limit: 1,
    };
    expect(service.lines).toMatchObject([
      { ...line, route: "/encrypt", rejected: 2, Service: "api", Requests: 2 },
      { ...line, route: "/decrypt", rejected: 1, Service: "api", Requests: 1 },
    ]);
    expect(service.lines[0]).toHaveProperty("_aws.CloudWatchMetrics.0.Metrics.0.Name", "Requests");
    service.loadShedding.flush();
    expect(service.lines).toHaveLength(2);
  });

  test("logs rejections within seconds", async () => {
    await sendJson(port, "POST", "/forget", {});
    await expect.poll(() => service.lines, { timeout: 30_000 }).toMatchObject([{ rejected: 1 }]);
  });

  test("leaves all other requests to the app", async () => {
    const body = "{}";
    const large = " ".repeat(16_385);
    const headers = { "Content-Type": "application/json", "Content-Length": "2" };
    const json = { body, headers };
    const statuses = [
      await send(port, "GET", "/healthz"),
      await send(port, "POST", "/nowhere", json),
      await send(port, "PUT", "/encrypt", json),
      await send(port, "POST", "/%64ecrypt", json),
      await send(port, "POST", "/encrypt?a=b", json),
      await send(port, "POST", "/encrypt", {
        body: large,
        headers: { ...headers, "Content-Length": String(large.length) },
      }),
      await send(port, "GET", "/decrypt"),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 404, 405, 404, 429, 429, 429]);
    expect(service.lines.map(({ msg }) => msg)).toEqual(statuses.map(() => "request"));
  });

  test("leaves requests to the app from SIGTERM on, which asks clients to close their connections", async () => {
    service.draining.value = true;
    const { status, headers } = await sendJson(port, "POST", "/encrypt", {});
    expect({ status, connection: headers.connection }).toEqual({
      status: 429,
      connection: "close",
    });
  });

  test("serves the next request on the same connection", async () => {
    const rejected = `POST /decrypt HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET `;
    const next = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const response = await exchange(port, (write) => write(`${rejected}${rejected}${next}`));
    const responses = response.match(/HTTP\/1\.1 \d+/g);
    expect(responses).toEqual(["HTTP/1.1 429", "HTTP/1.1 429", "HTTP/1.1 200"]);
  });

  test("closes the connection of a client that does not send its body", async () => {
    const head = "POST /decrypt HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n{";
    const response = await exchange(port, (write) => write(head));
    expect(response).toMatch(/^HTTP\/1\.1 429 [\s\S]*Connection: close/i);
  });

  test("closes it even if the log interval ends before the rejection is answered", async () => {
    server.on("request", service.loadShedding.flush);
    const head = "POST /decrypt HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n{";
    const response = await exchange(port, (write) => write(head));
    expect(response).toMatch(/^HTTP\/1\.1 429 [\s\S]*Connection: close/i);
  });

  test("survives clients that disconnect before they send their body", async () => {
    const head = "POST /decrypt HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n{";
    await exchange(port, (write, end) => {
      write(head);
      end();
    });
    expect((await sendJson(port, "POST", "/decrypt", {})).status).toBe(429);
  });

  test("serves requests again once a slot is free", async () => {
    expect((await sendJson(port, "POST", "/encrypt", { Name: "n", Text: "t" })).status).toBe(429);
    service.slots.free();
    expect((await sendJson(port, "POST", "/encrypt", { Name: "n", Text: "t" })).status).toBe(200);
  });
});
