import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createCallLogs } from "./logs-api.ts";
import { isSignedAt } from "./testing/signature-time.ts";

const signal = new AbortController().signal;
const never = () => {};
const closers: (() => void)[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0)) close();
});

/** Starts CloudWatch Logs. @param respond gets the number of the request */
async function start(
  respond: (response: ServerResponse, count: number, headers: IncomingHttpHeaders) => void,
) {
  const requests: {
    readonly target: unknown;
    readonly authorization: string;
    readonly body: string;
  }[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { "x-amz-target": target, authorization = "" } = request.headers;
    requests.push({ target, authorization, body });
    respond(response, requests.length, request.headers);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", `http://127.0.0.1:${port}`);
  const credentials = async () => ({ accessKeyId: "AKID", secretAccessKey: "secret" });
  return { requests, call: createCallLogs("ap-southeast-2", 300, credentials) };
}

const fail = (response: ServerResponse, status: number, type: string) =>
  response.writeHead(status).end(JSON.stringify({ __type: type, message: "m" }));

/** Closes the connection once a part of the response was sent. */
function breakOff(response: ServerResponse): void {
  response.setHeader("Content-Length", "100");
  response.write('{"events":[', () => response.socket?.end());
}

describe("a call to CloudWatch Logs", () => {
  test("is signed for the service and the Region, and returns the output", async () => {
    const { requests, call } = await start((response) => response.end('{"events":[]}'));
    expect(await call("FilterLogEvents", { startTime: 1 }, signal)).toEqual({ events: [] });
    expect(requests).toEqual([
      {
        target: "Logs_20140328.FilterLogEvents",
        authorization: expect.stringMatching(
          /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/ap-southeast-2\/logs\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target, /,
        ),
        body: '{"startTime":1}',
      },
    ]);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ["is throttled", (response) => fail(response, 400, "ThrottlingException")],
    ["gets a proxy's error page", (response) => response.writeHead(502).end("<html>")],
    ["loses its connection", (response) => response.socket?.destroy()],
    ["gets no response in time", never],
    ["gets a part of a response in time", (response) => void response.write('{"events":[')],
    ["gets a part of a response", (response) => breakOff(response)],
    ["gets a page that is no response of CloudWatch Logs", (response) => response.end("<html>")],
  ])("is repeated when it %s", async (_, respond) => {
    const { requests, call } = await start((response, count) =>
      count === 1 ? respond(response) : response.end("{}"),
    );
    await expect(call("PutLogEvents", {}, signal)).resolves.toEqual({});
    expect(requests).toHaveLength(2);
  });

  test("returns nothing for an empty response, as operations without output have", async () => {
    const { call } = await start((response) => response.end());
    await expect(call("CreateLogStream", {}, signal)).resolves.toEqual({});
  });

  test("rejects with the name of an error that repeating does not change, after one attempt", async () => {
    const { requests, call } = await start((response) =>
      fail(response, 400, "com.amazonaws.logs#AccessDeniedException"),
    );
    await expect(call("PutLogEvents", {}, signal)).rejects.toMatchObject({
      name: "LogsError",
      reason: "AccessDeniedException",
    });
    expect(requests).toHaveLength(1);
  });

  test("rejects after three attempts", async () => {
    const { requests, call } = await start((response) => response.writeHead(503).end());
    await expect(call("PutLogEvents", {}, signal)).rejects.toMatchObject({ reason: "HTTP 503" });
    expect(requests).toHaveLength(3);
  });

  test.each([3_600_000, -3_600_000])(
    "is signed with the time of CloudWatch Logs once its clock turns out to be %d ms off",
    async (skew) => {
      const { requests, call } = await start((response, _, headers) => {
        const now = Date.now() + skew;
        response.setHeader("Date", new Date(now).toUTCString());
        if (isSignedAt(headers, now)) response.end("{}");
        else fail(response, 400, "InvalidSignatureException");
      });
      await call("PutLogEvents", {}, signal);
      expect(requests).toHaveLength(2);
      await call("PutLogEvents", {}, signal);
      expect(requests).toHaveLength(3);
    },
  );

  test("is not repeated for an invalid signature that has the right time", async () => {
    const { requests, call } = await start((response) =>
      fail(response, 400, "InvalidSignatureException"),
    );
    await expect(call("PutLogEvents", {}, signal)).rejects.toMatchObject({
      reason: "InvalidSignatureException",
    });
    expect(requests).toHaveLength(1);
  });

  test("stops at the deadline of its request", async () => {
    const { requests, call } = await start(never);
    const deadline = new Error("deadline");
    const calling = call("PutLogEvents", {}, AbortSignal.any([signal, abortedSoon(deadline)]));
    await expect(calling).rejects.toBe(deadline);
    expect(requests.length).toBeLessThan(3);
  });
});

function abortedSoon(reason: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 50);
  return controller.signal;
}
