import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { parseInPieces } from "./parse-in-pieces.ts";
import { portOf } from "./testing/http.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

let server: Server;

async function serve(listener: RequestListener): Promise<number> {
  server = createServer(listener).on("connection", parseInPieces);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return portOf(server);
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends it in one piece, reads only once it is written, and returns all responses. */
async function sendAtOnce(port: number, content: string): Promise<string> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  let received = "";
  socket.on("error", () => {});
  socket.on("data", (text) => {
    received += text;
  });
  socket.write(content, "latin1");
  await once(socket, "close");
  return received;
}

test("parses at most about 32 more requests once a connection is closed", async () => {
  let parsed = 0;
  const port = await serve(({ socket }) => {
    parsed += 1;
    if (parsed === 17) socket.destroy();
  });
  await sendAtOnce(port, REQUEST.repeat(2_000));
  expect(parsed).toBeGreaterThanOrEqual(17);
  expect(parsed).toBeLessThan(17 + 40);
});

test("answers thousands of requests in order, with responses larger than what the client has read", async () => {
  let count = 0;
  const port = await serve((_, response) => {
    count += 1;
    response.shouldKeepAlive = count < 3_000;
    response.end(`<${count}>`.padEnd(1_000));
  });
  const responses = await sendAtOnce(port, REQUEST.repeat(3_000));
  const numbers = [...responses.matchAll(/<(\d+)>/g)].map(([, number]) => Number(number));
  expect(numbers).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1));
});

test.each([
  ["with a Content-Length", "Content-Length: 200000", (body: string) => body],
  ["in chunks", "Transfer-Encoding: chunked", (body: string) => `30d40\r\n${body}\r\n0\r\n\r\n`],
])("passes on a body of many lines %s without a change", async (_, header, encode) => {
  const body = "line\n\r\n\n".repeat(25_000);
  const port = await serve((request, response) => {
    let received = "";
    request.setEncoding("latin1").on("data", (text) => {
      received += text;
    });
    request.on("end", () => response.end(String(received === body)));
  });
  const head = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${header}\r\n\r\n`;
  expect(await sendAtOnce(port, head + encode(body))).toMatch(/\r\n\r\ntrue$/);
});

test.each([
  ["CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "connect"],
  ["an invalid request", "\x16\x03\x01\r\n\r\n", "clientError"],
])("ignores what follows %s", async (_, first, event) => {
  const events: string[] = [];
  const port = await serve(() => events.push("request"));
  server.on(event, (_: unknown, socket: ReturnType<typeof connect>) => {
    events.push(event);
    socket.end("rejected", () => socket.destroy());
  });
  expect(await sendAtOnce(port, first + REQUEST.repeat(1_000))).toBe("rejected");
  expect(events).toEqual([event]);
});
