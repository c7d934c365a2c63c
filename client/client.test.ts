import { readFileSync } from "node:fs";
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
    const tokens = ["old", "new"];
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
