import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { smokeTest } from "./smoke-test.ts";

const KEY = `cwk_${"A".repeat(64)}`;
const DENIED = {
  Message: "Data decryption failed, make sure you have the correct key",
  Code: "DecryptionFailed",
  RequestId: "request-1",
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
}
type Route = (body: Readonly<Record<string, string>>) => Answer | undefined;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A service that does what it should, but for the given routes. */
async function serve(different: Readonly<Record<string, Route>> = {}) {
  const texts = new Map<string, string>();
  const seen: string[] = [];
  const right: Readonly<Record<string, Route>> = {
    "/readyz": () => ({ status: 200, body: { Status: "ready" } }),
    "/healthz": () => ({ status: 200, body: { Status: "ok" } }),
    "/encrypt": ({ Name = "", Text = "" }) => {
      texts.set(Name, Text);
      return { status: 200, body: { Message: "stored", Key: KEY } };
    },
    "/decrypt": ({ Name = "", Key }) =>
      Key === KEY
        ? { status: 200, body: { Text: texts.get(Name) } }
        : { status: 403, body: DENIED },
    "/forget": ({ Name = "" }) => {
      texts.delete(Name);
      return { status: 200, body: { Message: "gone" } };
    },
  };
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const path = request.url ?? "";
      const body = parts.length === 0 ? {} : JSON.parse(Buffer.concat(parts).toString());
      seen.push(path);
      const answer = different[path]?.(body) ?? right[path]?.(body);
      response.writeHead(answer?.status ?? 404, { "Content-Type": "application/json" });
      response.end(JSON.stringify(answer?.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, texts, seen };
}

const quick = { readyWithin: 100, pause: 5 };

test("passes for a working service and deletes the test record", async () => {
  const { url, texts, seen } = await serve();
  expect(await smokeTest(url, quick)).toContain("rejects a wrong Key");
  expect(seen).toEqual(["/readyz", "/healthz", "/encrypt", "/decrypt", "/decrypt", "/forget"]);
  expect(texts.size).toBe(0);
});

describe("where the service requires access tokens", () => {
  const rejected = () => ({ status: 401, body: { ...DENIED, Code: "Unauthorized" } });

  test("passes if requests without one are rejected", async () => {
    const { url, seen } = await serve({ "/encrypt": rejected, "/decrypt": rejected });
    const passed = await smokeTest(url, quick);
    expect(passed).toContain("rejects requests without an access token");
    expect(seen).toEqual(["/readyz", "/healthz", "/encrypt", "/decrypt"]);
  });

  test("fails if decrypt does not require one", async () => {
    const { url } = await serve({ "/encrypt": rejected });
    await expect(smokeTest(url, quick)).rejects.toThrow(/without an access token returned .* 403/);
  });
});

test("waits until the service is ready", async () => {
  let tries = 0;
  const { url } = await serve({
    "/readyz": () => {
      tries += 1;
      return tries < 3 ? { status: 503, body: { Code: "NotReady" } } : undefined;
    },
  });
  await smokeTest(url, { readyWithin: 30_000, pause: 1 });
  expect(tries).toBe(3);
});

describe("reports, without Key and Text,", () => {
  test.each<[string, Record<string, Route>, RegExp]>([
    ["not ready", { "/readyz": () => ({ status: 503, body: {} }) }, /not ready within 0\.1 s.*503/],
    [
      "not healthy",
      { "/healthz": () => ({ status: 500, body: {} }) },
      /GET \/healthz returned status 500/,
    ],
    [
      "an encrypt that fails",
      { "/encrypt": () => ({ status: 503, body: { ...DENIED, Code: "KmsUnavailable" } }) },
      /POST \/encrypt returned status 503 \(KmsUnavailable, request request-1\), expected 200/,
    ],
    [
      "an encrypt without a Key",
      { "/encrypt": () => ({ status: 200, body: { Message: "stored" } }) },
      /with an invalid body/,
    ],
    [
      "a wrong Text",
      { "/decrypt": () => ({ status: 200, body: { Text: "other" } }) },
      /another Text than was encrypted/,
    ],
    [
      "a wrong Key that decrypts",
      { "/decrypt": ({ Key }) => (Key === KEY ? undefined : { status: 200, body: { Text: "t" } }) },
      /with a wrong Key returned status 200, expected 403/,
    ],
    [
      "a wrong Key that is rejected with another message",
      {
        "/decrypt": ({ Key }) =>
          Key === KEY ? undefined : { status: 403, body: { ...DENIED, Message: "No such Name" } },
      },
      /with a wrong Key must return the message "Data decryption failed/,
    ],
    ["a forget that fails", { "/forget": () => ({ status: 500, body: {} }) }, /POST \/forget/],
  ])("%s", async (_, routes, message) => {
    const { url } = await serve(routes);
    const failure = await smokeTest(url, quick).then(
      () => "passed",
      (error: Error) => error.message,
    );
    expect(failure).toMatch(message);
    expect(failure).not.toMatch(/cwk_|smoke-test /);
  });

  test("an address without a listener", async () => {
    const { url } = await serve();
    server?.close();
    await expect(smokeTest(url, quick)).rejects.toThrow(/ECONNREFUSED.*CIPHERWATCH_ALLOWED_CIDRS/);
  });
});
