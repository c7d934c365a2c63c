import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { connect as connectTo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useService } from "./testing/fixture.ts";
import { createHarness, DENIED, type Harness } from "./testing/harness.ts";
import { send, sendJson } from "./testing/http.ts";

const fixture = useService({ textLimit: 2_000 });

describe("over HTTP", () => {
  const servers: Server[] = [];
  let port: number;

  async function listen({ app }: Harness): Promise<number> {
    const server = createServer(getRequestListener(app.fetch));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
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

  test("answers HEAD without a body", async () => {
    expect(await send(port, "HEAD", "/")).toMatchObject({ status: 200, text: "" });
    expect(await send(port, "HEAD", "/decrypt")).toMatchObject({ status: 405, text: "" });
  });

  test.each(["GET", "POST"])(
    "rejects a %s body with 413 before it is sent when its Content-Length is too large",
    async (method) => {
      const head = [
        `${method} /decrypt HTTP/1.1`,
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 99999999",
        "",
        "",
      ].join("\r\n");
      const response = await exchange(port, (write) => write(head));
      expect(response).toMatch(/^HTTP\/1\.1 413 /);
      expect(response).toContain("The body is 99999999 bytes; the maximum is 28384 bytes.");
      expect(response.toLowerCase()).toContain("connection: close");
    },
  );

  test.each(["GET", "POST"])(
    "rejects an endless %s body with 413 as soon as it is too large",
    async (method) => {
      const head = [
        `${method} /decrypt HTTP/1.1`,
        "Host: localhost",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        "",
        "",
      ].join("\r\n");
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
    "waits for a stalled %s body until the deadline, then frees its slot",
    async (method) => {
      const impatient = createHarness({
        databaseUrl: fixture.postgres.url,
        deadline: 60,
        inFlight: 1,
      });
      const impatientPort = await listen(impatient);
      const head = [
        `${method} /decrypt HTTP/1.1`,
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 30",
        "",
        "{",
      ].join("\r\n");
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

/** Writes bytes on a connection and returns everything received until the server closes it. */
function exchange(port: number, send: (write: (text: string) => void) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTo(port, "127.0.0.1");
    let received = "";
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      received += text;
    });
    socket.on("close", () => resolve(received));
    socket.on("error", reject);
    socket.on("connect", () => send((text) => socket.write(text)));
  });
}
