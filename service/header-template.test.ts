import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repeatHeaders } from "./header-template.ts";
import { exchange, portOf } from "./testing/http.ts";

let server: Server;
let writtenByNode = 0;

beforeAll(async () => {
  const writeHead = repeatHeaders((response, requestId) => {
    writtenByNode += 1;
    const headers = { "X-Request-Id": requestId, "Content-Length": "2", Vary: "x" };
    response.writeHead(429, headers);
  });
  server = createServer((request, response) => {
    writeHead(response, String(request.headers["x-request-id"]));
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends requests with these ids on one connection, and closes it with the last. @returns the responses */
async function responsesTo(ids: readonly string[]): Promise<string[]> {
  const requests = ids.map((id, index) => {
    const connection = index === ids.length - 1 ? "close" : "keep-alive";
    return `GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\nConnection: ${connection}\r\n\r\n`;
  });
  const received = await exchange(portOf(server), (write) => write(requests.join("")));
  return received.split(/(?=HTTP\/1\.1 )/);
}

const withoutDate = (response: string) => response.replace(/Date: .*/, "Date");

test("repeats the headers of Node with the request id of each response", async () => {
  const ids = Array.from({ length: 12 }, () => randomUUID());
  const before = writtenByNode;
  const responses = await responsesTo(ids);
  const [first = ""] = responses;
  expect(first).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n.*\r\n\r\n\{\}$/s);
  expect(first).toContain("Connection: keep-alive\r\nKeep-Alive: timeout=");
  const expected = ids.map((id) => withoutDate(first.replace(ids[0] ?? "", id)));
  expect(responses.slice(0, -1).map(withoutDate)).toEqual(expected.slice(0, -1));
  expect(responses).toHaveLength(ids.length);
  // The first, the last, which closes the connection, and the first of a second that begins meanwhile.
  expect(writtenByNode - before).toBeLessThan(ids.length);
});

test("leaves the last response of a connection to Node", async () => {
  await responsesTo([randomUUID(), randomUUID()]);
  const [, last = ""] = await responsesTo([randomUUID(), randomUUID()]);
  expect(last).toContain("Connection: close\r\n");
  expect(last).not.toContain("Keep-Alive");
});

test("leaves responses with a request id of another length to Node", async () => {
  const ids = [randomUUID(), "trace-1", randomUUID(), randomUUID()];
  const responses = await responsesTo(ids);
  const received = responses.map((response) => /X-Request-Id: (.*)\r/.exec(response)?.[1]);
  expect(received).toEqual(ids);
});
