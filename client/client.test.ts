import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { CipherwatchError, type ClientOptions, createClient } from "./client.ts";
import { CONTRACT_FILE, contractSource } from "./generate.ts";

const record = { Name: "Stephen", Key: "cwk_example" };
const failed = (Code: string) => ({ Message: "…", Code, RequestId: "r-1" });

const json = (status: number, body: object, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

/** A client whose requests get these responses, in order. An Error is a lost connection. */
function clientOf(responses: readonly (Response | Error)[], options: Partial<ClientOptions> = {}) {
  const queue = [...responses];
  const requests: { readonly url: string; readonly init: RequestInit }[] = [];
  const waits: number[] = [];
  const client = createClient({
    url: "https://vault.example.com/",
    fetch: async (url, init = {}) => {
      requests.push({ url: String(url), init });
      const next = queue.shift() ?? new Error("unexpected request");
      if (next instanceof Error) throw next;
      return next;
    },
    wait: async (milliseconds) => void waits.push(milliseconds),
    ...options,
  });
  return { client, requests, waits };
}

test("contract.ts is current; update it with `npm run docs`", () => {
  expect(readFileSync(CONTRACT_FILE, "utf8")).toBe(contractSource());
});

describe("the client", () => {
  afterEach(() => vi.useRealTimers());

  test("sends a request as JSON and returns the response", async () => {
    const { client, requests } = clientOf([json(200, { Text: "I love Pizza" })]);
    expect(await client.decrypt(record)).toEqual({ Text: "I love Pizza" });
    expect(requests).toMatchObject([
      {
        url: "https://vault.example.com/decrypt",
        init: { method: "POST", body: JSON.stringify(record) },
      },
    ]);
    const headers = new Headers(requests[0]?.init.headers);
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(headers.has("Authorization")).toBe(false);
  });

  test("asks for a token for each attempt", async () => {
    const tokens = ["old", "new\n"];
    const { client, requests } = clientOf(
      [json(503, failed("KmsUnavailable")), json(200, { Message: "…" })],
      { token: () => tokens.shift() ?? "" },
    );
    await client.forget(record);
    expect(requests.map(({ init }) => new Headers(init.headers).get("Authorization"))).toEqual([
      "Bearer old",
      "Bearer new",
    ]);
  });

  test("throws an error with code, status and request id, without another attempt", async () => {
    const { client, requests } = clientOf([json(403, failed("DecryptionFailed"))]);
    const error = await client.decrypt(record).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CipherwatchError);
    expect(error).toMatchObject({ code: "DecryptionFailed", status: 403, requestId: "r-1" });
    expect(requests).toHaveLength(1);
  });

  test("tries again after a lost connection, an overloaded service, a load balancer's error and a response that is cut off", async () => {
    const { client, waits } = clientOf(
      [
        new TypeError("fetch failed"),
        json(429, failed("TooManyRequests"), { "Retry-After": "2" }),
        new Response("<html>", { status: 502 }),
        new Response('{"Message":"…","K'),
        json(200, { Message: "…", Key: "cwk_new" }),
      ],
      { attempts: 5 },
    );
    expect(await client.encrypt({ Name: "Stephen", Text: "" })).toMatchObject({ Key: "cwk_new" });
    expect(waits).toEqual([1_000, 2_000, 1_000, 1_000]);
  });

  test("throws the last error after three attempts", async () => {
    const { client, requests } = clientOf([
      json(503, failed("KmsUnavailable")),
      new TypeError("fetch failed"),
      new Response("<html>", { status: 504 }),
    ]);
    await expect(client.decrypt(record)).rejects.toThrow(
      expect.objectContaining({ status: 504, code: undefined }),
    );
    expect(requests).toHaveLength(3);
  });

  test.each([
    ["a page", new Response("<html>")],
    ["another object", json(200, { Message: "…" })],
    ["a member of another type", json(200, { Message: "…", Key: null })],
    ["no object", new Response("null")],
  ])("returns no result when something else responds with %s", async (_, response) => {
    const { client } = clientOf([response], { attempts: 1 });
    const encrypted = client.encrypt({ Name: "Stephen", Text: "" });
    await expect(encrypted).rejects.toMatchObject({
      name: "CipherwatchError",
      status: 200,
      code: undefined,
    });
  });

  test("does not repeat in an error what a broken response contains", async () => {
    const { client } = clientOf([new Response('{"Text":Pizza}')], { attempts: 1 });
    const error = await client.decrypt(record).catch((thrown: unknown) => thrown);
    expect(String(error)).not.toContain("Pizza");
  });

  test.each(["null", '"x"', '{"Message":{},"Code":1}'])(
    "reports the status of an error whose body is %s",
    async (body) => {
      const { client } = clientOf([new Response(body, { status: 500 })]);
      await expect(client.decrypt(record)).rejects.toMatchObject({
        status: 500,
        code: undefined,
        message: "The service is unavailable: HTTP 500.",
      });
    },
  );

  test("does not wait for longer than a minute, but says for how long the service asks to wait", async () => {
    const exceeded = json(429, failed("QuotaExceeded"), { "Retry-After": "43200" });
    const { client, requests } = clientOf([exceeded]);
    await expect(client.decrypt(record)).rejects.toMatchObject({
      code: "QuotaExceeded",
      retryAfter: 43_200,
    });
    expect(requests).toHaveLength(1);
  });

  test("rejects a token that a header cannot have, without repeating it", async () => {
    const { client, requests } = clientOf([], { token: () => "secret\ntoken" });
    const error = await client.decrypt(record).catch((thrown: unknown) => thrown);
    expect(String(error)).toBe(
      "TypeError: token() returned 12 characters that are no access token; allowed are visible ASCII characters, without blanks and line breaks.",
    );
    expect(requests).toHaveLength(0);
  });

  test("stops waiting when the signal aborts", async () => {
    vi.useFakeTimers();
    const controller = new AbortController();
    const waiting = createClient({
      url: "https://vault.example.com",
      fetch: async () => json(503, failed("KmsUnavailable")),
    }).decrypt(record, { signal: controller.signal });
    const outcome = waiting.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(500);
    controller.abort(new Error("too late"));
    expect(await outcome).toMatchObject({ message: "too late" });
  });
});

describe("the client over HTTP", () => {
  const closes: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closes.splice(0)) await close();
  });

  /** Serves on a free loopback port. @returns the URL */
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closes.push(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test.each([301, 302, 303, 307, 308])(
    "sends the Key nowhere else when the server redirects with %i",
    async (status) => {
      let received = 0;
      const other = await serve((_, response) => {
        received += 1;
        response.end("{}");
      });
      const url = await serve((_, response) => {
        response.writeHead(status, { Location: `${other}/decrypt` }).end();
      });
      await expect(createClient({ url }).decrypt(record)).rejects.toMatchObject({
        status,
        message: expect.stringContaining("redirects"),
      });
      expect(received).toBe(0);
    },
  );

  test("gives an attempt up that gets no response, and tries again", async () => {
    let attempts = 0;
    const url = await serve((_, response) => {
      attempts += 1;
      if (attempts > 1) response.end('{"Text":"I love Pizza"}');
    });
    const client = createClient({ url, timeout: 100, attempts: 1_000, wait: async () => {} });
    expect(await client.decrypt(record)).toEqual({ Text: "I love Pizza" });
    expect(attempts).toBeGreaterThan(1);
  });

  test("ends with the reason of the signal while it waits for a response", async () => {
    const controller = new AbortController();
    const reason = new Error("too late");
    const url = await serve(() => controller.abort(reason));
    const client = createClient({ url });
    await expect(client.decrypt(record, { signal: controller.signal })).rejects.toBe(reason);
  });
});
