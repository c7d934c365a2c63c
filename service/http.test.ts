import type { Server } from "node:http";
import { connect as connectTo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ErrorResponse } from "./contract.ts";
import { useService } from "./testing/fixture.ts";
import { createHarness, DENIED, type Harness } from "./testing/harness.ts";
import { exchange, listenOn, portOf, send, sendJson } from "./testing/http.ts";

const fixture = useService({ textLimit: 2_000 });

/** The request line and headers of a decrypt. */
const decryptHead = (method: string, header: string) =>
  [
    `${method} /decrypt HTTP/1.1`,
    "Host: localhost",
    "Content-Type: application/json",
    header,
    "",
    "",
  ].join("\r\n");

describe("over HTTP", () => {
  const servers: Server[] = [];
  let port: number;

  async function listen(service: Harness): Promise<number> {
    const server = await listenOn(service);
    servers.push(server);
    return portOf(server);
  }

  beforeAll(async () => {
    port = await listen(fixture.service);
  });

  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  test("reads the body of GET /decrypt, with a Content-Length or chunked", async () => {
    const Key = await fixture.service.encrypt("Stephen", "I love Pizza");
    const right = await sendJson(port, "GET", "/decrypt", { Name: "Stephen", Key });
    expect(right).toMatchObject({ status: 200, text: '{"Text":"I love Pizza"}' });
    const chunked = await send(port, "GET", "/decrypt", {
      body: JSON.stringify({ Name: "Stephen", Key }),
      headers: { "Content-Type": "application/json", "Transfer-Encoding": "chunked" },
    });
    expect(chunked.status).toBe(200);
    const wrong = await sendJson(port, "GET", "/decrypt", { Name: "Stephen", Key: "x" });
    expect(wrong.status).toBe(403);
    expect(JSON.parse(wrong.text)).toMatchObject({ Message: DENIED });
    expect((await send(port, "GET", "/decrypt")).status).toBe(415);
  });

  test.each([
    "/./decrypt",
    "/x/../decrypt",
    "/%2e%2e/decrypt",
    "/%64ecrypt",
    "//decrypt",
    "/decrypt/",
  ])("rejects %s with 404 instead of treating it as /decrypt", async (path) => {
    const before = fixture.service.kms.calls.length;
    const body = JSON.stringify({ Name: "n", Key: "k" });
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n`;
    const response = await exchange(port, (write) =>
      write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`),
    );
    expect(response).toMatch(/^HTTP\/1\.1 404 /);
    expect(fixture.service.kms.calls).toHaveLength(before);
  });

  test("accepts a query string after an exact path", async () => {
    expect(await send(port, "GET", "/healthz?x=/../")).toMatchObject({ status: 200 });
  });

  test.each([
    ["an invalid Host", 400, "BadRequest", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"],
    ["no Host", 400, "BadRequest", "GET / HTTP/1.1\r\n\r\n"],
    ["two Hosts", 400, "BadRequest", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"],
    ["CONNECT", 400, "BadRequest", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a target that is not a path", 400, "BadRequest", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["bytes that are not HTTP", 400, "BadRequest", "\x16\x03\x01\r\n\r\n"],
    [
      "an unknown expectation",
      417,
      "ExpectationFailed",
      "GET / HTTP/1.1\r\nHost: a\r\nExpect: foo\r\n\r\n",
    ],
    [
      "too large headers",
      431,
      "HeadersTooLarge",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    ],
  ])("responds to %s with %i in the documented form", async (_, status, code, request) => {
    fixture.service.lines.length = 0;
    const response = await exchange(port, (write) => write(request));
    const [head = "", body = ""] = response.split("\r\n\r\n");
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const { RequestId, ...rest } = ErrorResponse.parse(JSON.parse(body));
    expect(rest).toMatchObject({ Code: code });
    expect(head.toLowerCase()).toContain(`x-request-id: ${RequestId}`);
    expect(fixture.service.lines).toMatchObject([{ requestId: RequestId, status, code }]);
  });

  test("responds to HEAD without a body", async () => {
    expect(await send(port, "HEAD", "/")).toMatchObject({ status: 200, text: "" });
    expect(await send(port, "HEAD", "/decrypt")).toMatchObject({ status: 405, text: "" });
  });

  test.each(["GET", "POST"])(
    "rejects a %s body with 413 before it is sent when its Content-Length is too large",
    async (method) => {
      const head = decryptHead(method, "Content-Length: 99999999");
      const response = await exchange(port, (write) => write(head));
      expect(response).toMatch(/^HTTP\/1\.1 413 /);
      expect(response).toContain("The body is 99999999 bytes; the maximum is 28384 bytes.");
      expect(response.toLowerCase()).toContain("connection: close");
    },
  );

  test.each(["GET", "POST"])(
    "rejects an endless %s body with 413 as soon as it is too large",
    async (method) => {
      const head = decryptHead(method, "Transfer-Encoding: chunked");
      const chunk = `1000\r\n${" ".repeat(0x1000)}\r\n`;
      const response = await exchange(port, (write) => {
        write(head);
        // The maximum is 28,384 bytes; the last chunk is never sent.
        for (let sent = 0; sent < 8; sent++) write(chunk);
      });
      expect(response).toMatch(/^HTTP\/1\.1 413 /);
      expect(response).toContain("The body is too large; the maximum is 28384 bytes.");
    },
  );

  test.each(["GET", "POST"])(
    "rejects a %s body with 413 that arrives with its headers, without its length, and is too large",
    async (method) => {
      const head = decryptHead(method, "Transfer-Encoding: chunked");
      const body = `8000\r\n${" ".repeat(0x8000)}\r\n0\r\n\r\n`;
      const next = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
      const response = await exchange(port, (write) => write(head + body + next));
      expect(response.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
      expect(response).toContain("The body is too large; the maximum is 28384 bytes.");
    },
  );

  test.each(["GET", "POST"])(
    "waits for a stalled %s body until the deadline, then frees its slot",
    async (method) => {
      const impatient = createHarness({
        databaseUrl: fixture.postgres.url,
        deadline: 60,
        inFlight: 1,
      });
      const impatientPort = await listen(impatient);
      const head = `${decryptHead(method, "Content-Length: 30")}{`;
      const response = await exchange(impatientPort, (write) => write(head));
      expect(response).toMatch(/^HTTP\/1\.1 503 /);
      expect(response).toContain("DeadlineExceeded");
      await expect
        .poll(async () => (await impatient.post("/decrypt", "")).status, { timeout: 30_000 })
        .toBe(400);
      await impatient.database.close(0);
    },
  );

  test.each([
    ["413", "POST /encrypt", "application/json", "keep-alive"],
    ["413", "GET /decrypt", "application/json", "close"],
    ["415", "POST /encrypt", "text/plain", "close"],
    ["404", "PUT /nowhere", "application/json", "close"],
    ["405", "PUT /encrypt", "application/json", "close"],
  ])(
    "delivers %s to a client that sends its whole %s before it reads",
    async (status, line, type, keep) => {
      const head = `${line} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nConnection: ${keep}\r\n`;
      const body = " ".repeat(8_388_608);
      const after =
        keep === "close" ? "" : "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
      const response = await exchange(port, (write) =>
        write(`${head}Content-Length: ${body.length}\r\n\r\n${body}${after}`),
      );
      const expected =
        after === "" ? [`HTTP/1.1 ${status}`] : [`HTTP/1.1 ${status}`, "HTTP/1.1 200"];
      expect(response.match(/HTTP\/1\.1 \d+/g)).toEqual(expected);
    },
  );

  test("does not read the next request as the rest of a rejected body", async () => {
    const body = JSON.stringify({ Name: "n", Text: "t" });
    const requests = [
      `POST /encrypt HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ];
    const response = await exchange(port, (write) => write(requests.join("")));
    expect(response.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 415", "HTTP/1.1 200"]);
  });

  test("survives a client that disconnects in the middle of its body", async () => {
    fixture.service.lines.length = 0;
    const socket = connectTo(port, "127.0.0.1");
    socket.write(
      "POST /encrypt HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
      () => socket.destroy(),
    );
    await expect.poll(() => fixture.service.lines.length, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(fixture.service.lines).toMatchObject([{ route: "/encrypt", status: 400 }]);
    expect((await send(port, "GET", "/")).status).toBe(200);
  });
});
