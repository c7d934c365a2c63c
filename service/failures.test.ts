import { describe, expect, test } from "vitest";
import { KmsUnavailable } from "./kms.ts";
import { useService } from "./testing/fixture.ts";
import { createHarness } from "./testing/harness.ts";

const fixture = useService();

const decrypt = (Name: unknown, Key: unknown) => fixture.service.post("/decrypt", { Name, Key });

describe("a failing dependency", () => {
  test.each([
    "ThrottlingException",
    "DisabledException",
    "KMSInvalidStateException",
    "AccessDeniedException",
    "ECONNREFUSED",
  ])("returns 503, never 403, and stores nothing when KMS fails with %s", async (reason) => {
    const key = await fixture.service.encrypt("Stephen", "one");
    fixture.service.kms.interrupt = () => {
      throw new KmsUnavailable(reason, "kms-request-1");
    };
    const responses = [
      await fixture.service.post("/encrypt", { Name: "n", Text: "t" }),
      await decrypt("Stephen", key),
      await decrypt("nobody", "x"),
      await fixture.service.post("/forget", { Name: "Stephen", Key: key }),
    ];
    for (const { status, json, headers } of responses) {
      expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "KmsUnavailable" });
      expect(headers.get("Retry-After")).toBe("2");
      expect(json.Message).not.toContain(reason);
    }
    expect(fixture.service.lines.at(-1)).toMatchObject({
      level: "warn",
      code: "KmsUnavailable",
      reason,
      kmsRequestId: "kms-request-1",
    });
    expect(fixture.service.lines.at(-1)).not.toHaveProperty("DecryptDenied");
    expect(await fixture.records()).toHaveLength(1);
  });

  test("returns 503 without a Key when the database is unreachable", async () => {
    const away = createHarness({ databaseUrl: "postgres://postgres@127.0.0.1:1/postgres" });
    const encrypted = await away.post("/encrypt", { Name: "n", Text: "t" });
    const decrypted = await away.post("/decrypt", { Name: "n", Key: "k" });
    for (const { status, json, headers } of [encrypted, decrypted]) {
      expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "DatabaseUnavailable" });
      expect(headers.get("Retry-After")).toBe("2");
      expect(json).not.toHaveProperty("Key");
    }
    await away.database.close(0);
  });

  test("returns 500 without details, and logs no message, on an internal error", async () => {
    fixture.service.kms.interrupt = () => {
      throw new TypeError("Stephen loves Pizza");
    };
    const { status, json } = await fixture.service.post("/encrypt", {
      Name: "Stephen",
      Text: "Pizza",
    });
    expect(status).toBe(500);
    expect(json).toMatchObject({ Code: "InternalError" });
    expect(JSON.stringify(json)).not.toMatch(/Stephen|Pizza|TypeError|at /);
    const [error, line] = fixture.service.lines.slice(-2);
    expect(error).toMatchObject({ level: "error", error: "TypeError", requestId: json.RequestId });
    expect(JSON.stringify(error?.stack)).toContain("failures.test.ts");
    expect(line).toMatchObject({ level: "error", status: 500, ServerErrors: 1 });
    expect(JSON.stringify([error, line])).not.toMatch(/Stephen|Pizza/);
  });
});

describe("limits", () => {
  const hang = (_: unknown, signal: AbortSignal) =>
    new Promise<void>((_, reject) => {
      signal.addEventListener("abort", () => reject(new KmsUnavailable("AbortError", undefined)));
    });

  test("return 503 and abort the work at the deadline", async () => {
    const impatient = createHarness({ databaseUrl: fixture.postgres.url, deadline: 30 });
    let stopped = false;
    impatient.kms.interrupt = async (operation, signal) => {
      await hang(operation, signal).finally(() => {
        stopped = true;
      });
    };
    const { status, json, headers } = await impatient.post("/encrypt", { Name: "n", Text: "t" });
    expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "DeadlineExceeded" });
    expect(headers.get("Retry-After")).toBe("2");
    expect(stopped).toBe(true);
    expect(impatient.lines).toMatchObject([{ code: "DeadlineExceeded", status: 503 }]);
    await impatient.database.close(0);
  });

  test("store and delete nothing after the deadline", async () => {
    const { kms } = fixture.service;
    const impatient = createHarness({ databaseUrl: fixture.postgres.url, deadline: 30, kms });
    const key = await fixture.service.encrypt("Stephen", "one");
    let release = () => {};
    kms.interrupt = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    for (const [path, body] of [
      ["/encrypt", { Name: "n", Text: "t" }],
      ["/forget", { Name: "Stephen", Key: key }],
    ] as const) {
      expect((await impatient.post(path, body)).status).toBe(503);
      release();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(impatient.storeCalls).toEqual(["findCandidateToRemove"]);
    expect(await fixture.records()).toHaveLength(1);
    await impatient.database.close(0);
  });

  test("free the slot of a request at its deadline, and never run its statement, while it waits for a connection", async () => {
    const { url: databaseUrl } = fixture.postgres;
    const small = createHarness({ databaseUrl, poolSize: 1, inFlight: 1, deadline: 200 });
    await small.store.check();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const busy = Array.from({ length: 8 }, () => small.database.query(() => held));
    const { status, json } = await small.post("/encrypt", { Name: "n", Text: "t" });
    expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "DeadlineExceeded" });
    await expect.poll(small.slots.isFull).toBe(false);
    release();
    await Promise.all(busy);
    await small.database.close(1_000);
    expect(await fixture.records()).toEqual([]);
  });

  test("reject one request too many with 429 at once, but still serve health checks", async () => {
    const small = createHarness({ databaseUrl: fixture.postgres.url, inFlight: 2 });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    small.kms.interrupt = (operation) => (operation === "generateDataKey" ? held : undefined);
    const working = [1, 2].map((n) => small.post("/encrypt", { Name: `${n}`, Text: "t" }));
    const { status, json, headers } = await small.post("/encrypt", { Name: "3", Text: "t" });
    expect({ status, Code: json.Code }).toEqual({ status: 429, Code: "TooManyRequests" });
    expect(headers.get("Retry-After")).toBe("1");
    for (const path of ["/", "/healthz", "/readyz"]) {
      expect((await small.request(path)).status).toBe(200);
    }
    release();
    for (const response of await Promise.all(working)) expect(response.status).toBe(200);
    expect((await small.post("/encrypt", { Name: "4", Text: "t" })).status).toBe(200);
    await small.database.close(0);
  });
});
