import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { repeatHeaders } from "./header-template.ts";
import { exchange, portOf } from "./testing/http.ts";

/** A value of a header that a request id can equal. */
const VARY = randomUUID();

const bodyWith = (requestId: string) => `{"RequestId":"${requestId}"}`;

let server: Server;
let writtenByNode: number;

beforeEach(async () => {
  writtenByNode = 0;
  const writeHead = repeatHeaders((response, requestId) => {
    writtenByNode += 1;
    const length = bodyWith(requestId).length;
    response.writeHead(429, { "X-Request-Id": requestId, "Content-Length": length, Vary: VARY });
  });
  server = createServer((request, response) => {
    const requestId = String(request.headers["x-request-id"]);
    writeHead(response, requestId);
    response.end(bodyWith(requestId));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
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

const requestIdOf = (response: string) => /X-Request-Id: (.*)\r/.exec(response)?.[1];

const withoutDate = (response: string) => response.replace(/Date: .*/, "Date");

test("repeats the headers of Node with the request id of each response", async () => {
  const ids = Array.from({ length: 12 }, () => randomUUID());
  const responses = await responsesTo(ids);
  const [first = ""] = responses;
  expect(first).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n.*\r\n\r\n\{.*\}$/s);
  expect(first).toContain("Connection: keep-alive\r\nKeep-Alive: timeout=");
  const expected = ids.map((id) => withoutDate(first.replaceAll(ids[0] ?? "", id)));
  expect(responses.slice(0, -1).map(withoutDate)).toEqual(expected.slice(0, -1));
  expect(responses).toHaveLength(ids.length);
  // The first, the last, which closes the connection, and the first of a second that begins meanwhile.
  expect(writtenByNode).toBeLessThan(ids.length);
});

test("leaves the last response of a connection to Node", async () => {
  await responsesTo([randomUUID(), randomUUID()]);
  const [first = "", last = ""] = await responsesTo([randomUUID(), randomUUID()]);
  expect(first).toContain("Connection: keep-alive\r\n");
  expect(last).toContain("Connection: close\r\n");
  expect(last).not.toContain("Keep-Alive");
});

test("leaves responses with a request id of another length to Node", async () => {
  const ids = [randomUUID(), "trace-1", randomUUID(), randomUUID()];
  const responses = await responsesTo(ids);
  expect(responses.map(requestIdOf)).toEqual(ids);
  const lengths = responses.map((response) => Number(/Content-Length: (.*)\r/.exec(response)?.[1]));
  expect(lengths).toEqual(ids.map((id) => bodyWith(id).length));
});

test("does not repeat headers that contain the request id twice", async () => {
  const ids = [VARY, VARY, randomUUID(), randomUUID(), randomUUID()];
  const responses = await responsesTo(ids);
  expect(responses.map(requestIdOf)).toEqual(ids);
  expect(responses.every((response) => response.includes(`Vary: ${VARY}\r\n`))).toBe(true);
});
