import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { connect as connectTo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { formatKey, newKey } from "./key.ts";
import { KmsUnavailable } from "./kms.ts";
import { createHarness, DENIED, type Harness } from "./testing/harness.ts";
import { send, sendJson } from "./testing/http.ts";
import { type PostgresServer, startPostgres } from "./testing/postgres-server.ts";

const LIMIT = 2_000;

let postgres: PostgresServer;
let service: Harness;

beforeAll(async () => {
  postgres = await startPostgres();
  service = createHarness({ databaseUrl: postgres.url, textLimit: LIMIT });
  await service.vault.prepare(AbortSignal.timeout(60_000));
});

afterEach(async () => {
  service.kms.interrupt = undefined;
  service.draining.value = false;
  service.clock.now += 60_000;
  await postgres.sql`DELETE FROM cipherwatch.records`;
});

afterAll(async () => {
  await service.database.close(1_000);
  await postgres.close();
});

const records = async () => await postgres.sql`SELECT * FROM cipherwatch.records ORDER BY created`;

const decrypt = (Name: unknown, Key: unknown) => service.post("/decrypt", { Name, Key });

async function expectDenied(answer: Promise<{ status: number; json: object }>): Promise<void> {
  expect(await answer).toMatchObject({
    status: 403,
    json: { Message: DENIED, Code: "DecryptionFailed" },
  });
}

describe("encrypt and decrypt", () => {
  test("a Key gives its text back", async () => {
    const encrypted = await service.post("/encrypt", { Name: "Stephen", Text: "I love Pizza" });
    expect(encrypted.status).toBe(200);
    expect(encrypted.json).toEqual({
      Message: "Data encrypted and stored, keep your key safe",
      Key: expect.stringMatching(/^cwk_[A-Za-z0-9_-]{64}$/),
    });
    const decrypted = await decrypt("Stephen", encrypted.json.Key);
    expect(decrypted).toMatchObject({ status: 200, json: { Text: "I love Pizza" } });
  });

  test.each([
    ["a quote", "O'Brien"],
    ["SQL", "x' OR '1'='1"],
    ["emoji", "👩‍👩‍👧‍👦🍕"],
    ["one character", "x"],
    ["256 characters", "é".repeat(256)],
    ["256 characters that are 512 in UTF-16", "🍕".repeat(256)],
    ["what looks like a member", "__proto__"],
    ["spaces alone", "  "],
  ])("a Name may have %s", async (_, name) => {
    const Key = await service.encrypt(name, "text");
    expect((await decrypt(name, Key)).json).toEqual({ Text: "text" });
  });

  test.each([
    ["257 characters", "🍕".repeat(257), "Name must have 1 to 256 characters, but has 257."],
    ["none", "", "Name must have 1 to 256 characters, but has 0."],
    ["NUL", "a\0b", "Name must not have the character NUL"],
    ["half of a surrogate pair", "a\ud83c", "Name must be well-formed Unicode"],
    ["a number", 7, "Name must be a string, not a number."],
    ["null", null, "Name must be a string, not null."],
    ["an array", ["a"], "Name must be a string, not an array."],
    ["an object", {}, "Name must be a string, not an object."],
    ["nothing", undefined, "Name is missing."],
  ])("a Name of %s is answered 422 by every route and stores nothing", async (_, Name, message) => {
    const before = service.kms.calls.length;
    for (const [path, rest] of [
      ["/encrypt", { Text: "t" }],
      ["/decrypt", { Key: "k" }],
      ["/forget", { Key: "k" }],
    ] as const) {
      const { status, json } = await service.post(path, { Name, ...rest });
      expect({ status, Code: json.Code }).toEqual({ status: 422, Code: "InvalidRequest" });
      expect(json.Message).toContain(message);
    }
    expect(await records()).toHaveLength(0);
    expect(service.kms.calls).toHaveLength(before);
  });

  test.each([
    ["no bytes", ""],
    ["as many bytes as are allowed", "x".repeat(LIMIT)],
    ["as many bytes as are allowed, four to a character", "🍕".repeat(LIMIT / 4)],
    ["NUL and line breaks", "\0\r\n"],
    ["a byte order mark", "\ufeffx"],
  ])("a Text may have %s", async (_, text) => {
    const Key = await service.encrypt("n", text);
    expect((await decrypt("n", Key)).json).toEqual({ Text: text });
  });

  test("a Text of the limit may be spelt in escapes", async () => {
    const body = `{"Name":"n","Text":"${"\\u0041".repeat(LIMIT)}"}`;
    const { status, json } = await service.post("/encrypt", body);
    expect(status).toBe(200);
    expect((await decrypt("n", json.Key)).json).toEqual({ Text: "A".repeat(LIMIT) });
  });

  test.each([
    ["in bytes of one", "x".repeat(LIMIT + 1)],
    ["by a character of four bytes", `${"x".repeat(LIMIT - 3)}🍕`],
  ])("a Text over the limit %s is answered 413", async (_, Text) => {
    const { status, json } = await service.post("/encrypt", { Name: "n", Text });
    expect({ status, Code: json.Code }).toEqual({ status: 413, Code: "PayloadTooLarge" });
    expect(json.Message).toBe(`Text has ${LIMIT + 1} bytes of UTF-8; ${LIMIT} are allowed.`);
    expect(await records()).toHaveLength(0);
  });

  test.each([
    ["missing", undefined, "Text is missing."],
    ["a number", 7, "Text must be a string, not a number."],
    ["half of a surrogate pair", "\udf55", "Text must be well-formed Unicode"],
  ])("a Text that is %s is answered 422", async (_, Text, message) => {
    const { status, json } = await service.post("/encrypt", { Name: "n", Text });
    expect(status).toBe(422);
    expect(json.Message).toContain(message);
  });

  test("two texts of one Name are two records, each with its Key", async () => {
    const first = await service.encrypt("Stephen", "one");
    const second = await service.encrypt("Stephen", "two");
    expect(await records()).toHaveLength(2);
    expect((await decrypt("Stephen", first)).json).toEqual({ Text: "one" });
    expect((await decrypt("Stephen", second)).json).toEqual({ Text: "two" });
  });
});

describe("what does not open a record", () => {
  test("a wrong Key, a cut one, none at all, another record's, another Name: one answer, one way", async () => {
    const key = await service.encrypt("Stephen", "one");
    const other = await service.encrypt("Stefan", "two");
    const newer = await service.encrypt("Stephen", "three");
    const tries: [string, string][] = [
      ["Stephen", "some-random-false-key"],
      ["Stephen", ""],
      ["Stephen", key.slice(0, -1)],
      ["Stephen", `${key} `],
      ["Stephen", "\0'\ud800"],
      ["Stephen", "x".repeat(20_000)],
      ["Stephen", formatKey(newKey())],
      ["Stephen", key.slice(0, -1) + (key.endsWith("A") ? "B" : "A")],
      ["Stephen", other],
      ["Stefan", key],
      ["Stefan", newer],
      ["stephen", key],
      ["nobody", key],
      ["nobody", "some-random-false-key"],
    ];
    for (const path of ["/decrypt", "/forget"]) {
      for (const [Name, Key] of tries) {
        const [calls, lookups] = [service.kms.calls.length, service.storeCalls.length];
        await expectDenied(service.post(path, { Name, Key }));
        expect(service.kms.calls.slice(calls)).toMatchObject([{ operation: "decrypt" }]);
        expect(service.storeCalls.slice(lookups)).toEqual(["find"]);
      }
    }
    expect(await records()).toHaveLength(3);
  });

  test("a missing Key is answered 422 and reaches neither KMS nor the database", async () => {
    await service.encrypt("Stephen", "one");
    const [calls, lookups] = [service.kms.calls.length, service.storeCalls.length];
    const { status, json } = await service.post("/decrypt", { Name: "Stephen" });
    expect({ status, Message: json.Message }).toEqual({ status: 422, Message: "Key is missing." });
    expect(service.kms.calls).toHaveLength(calls);
    expect(service.storeCalls).toHaveLength(lookups);
  });

  test("no answer tells which it was: they differ by the request's id alone", async () => {
    const key = await service.encrypt("Stephen", "one");
    const shapes = new Set<string>();
    for (const [Name, Key] of [
      ["Stephen", "x"],
      ["nobody", "x"],
      ["nobody", key],
    ]) {
      const { text, headers } = await decrypt(Name, Key);
      const id = String(headers.get("x-request-id"));
      shapes.add((text + JSON.stringify([...headers])).replaceAll(id, "ID"));
    }
    expect(shapes.size).toBe(1);
  });

  test("the trail's context holds no Name and nothing of a Key that is none", async () => {
    const before = service.kms.calls.length;
    await decrypt("Stephen", "some-random-false-key");
    const { context } = service.kms.calls[before] ?? { context: {} };
    expect(Object.keys(context).sort()).toEqual(["app", "key", "record"]);
    expect(JSON.stringify(context)).not.toMatch(/Stephen|false/);
  });
});

describe("what somebody changed in the database", () => {
  const flip = (column: string, at: number) =>
    `UPDATE cipherwatch.records SET ${column} = set_byte(${column}, ${at}, get_byte(${column}, ${at}) # 1)`;

  test.each([
    ["ciphertext", flip("ciphertext", 0), "Stephen"],
    ["authentication tag", flip("ciphertext", 20), "Stephen"],
    ["nonce", flip("nonce", 0), "Stephen"],
    ["name", "UPDATE cipherwatch.records SET name = 'Stefan'", "Stefan"],
    ["format version", "UPDATE cipherwatch.records SET format_version = 2", "Stephen"],
    [
      "ciphertext, emptied",
      "UPDATE cipherwatch.records SET ciphertext = substr(ciphertext, 1, 16)",
      "Stephen",
    ],
  ])(
    "a changed %s never yields a text, and is told to the operator alone",
    async (_, change, name) => {
      const key = await service.encrypt("Stephen", "I love Pizza");
      await postgres.sql.unsafe(change);
      service.lines.length = 0;
      await expectDenied(decrypt(name, key));
      expect(service.lines).toMatchObject([
        {
          level: "error",
          status: 403,
          tampered: "NotAuthentic",
          TamperedRecords: 1,
          DecryptDenied: 1,
        },
      ]);
    },
  );

  test("a changed wrapped key is refused by KMS", async () => {
    const key = await service.encrypt("Stephen", "I love Pizza");
    await postgres.sql.unsafe(flip("wrapped_key", 40));
    await expectDenied(decrypt("Stephen", key));
  });

  test("a changed KMS key in the record changes nothing: the configured one is asked", async () => {
    const key = await service.encrypt("Stephen", "I love Pizza");
    await postgres.sql`UPDATE cipherwatch.records SET kms_key_arn = 'arn:aws:kms:elsewhere'`;
    expect((await decrypt("Stephen", key)).json).toEqual({ Text: "I love Pizza" });
  });

  test("a record under its old name is not found any more, and that looks like a wrong Key", async () => {
    const key = await service.encrypt("Stephen", "I love Pizza");
    await postgres.sql`UPDATE cipherwatch.records SET name = 'Stefan'`;
    await expectDenied(decrypt("Stephen", key));
  });

  test.each([
    ["ids", "id"],
    ["wrapped keys", "wrapped_key"],
    ["nonces", "nonce"],
    ["ciphertexts", "ciphertext"],
    ["all but the id", "wrapped_key, nonce, ciphertext"],
  ])("two records with swapped %s open neither", async (_, columns) => {
    const keys = [await service.encrypt("Stephen", "one"), await service.encrypt("Stephen", "two")];
    const [first, second] = await records();
    await postgres.sql`DELETE FROM cipherwatch.records`;
    for (const [row, from] of [
      [first, second],
      [second, first],
    ]) {
      const swapped = Object.fromEntries(columns.split(", ").map((name) => [name, from?.[name]]));
      await postgres.sql`INSERT INTO cipherwatch.records ${postgres.sql({ ...row, ...swapped })}`;
    }
    for (const key of keys) await expectDenied(decrypt("Stephen", key));
  });
});

describe("forget", () => {
  test("removes the record that the Key opens and no other", async () => {
    const key = await service.encrypt("Stephen", "one");
    const other = await service.encrypt("Stephen", "two");
    const { status, json } = await service.post("/forget", { Name: "Stephen", Key: key });
    expect(status).toBe(200);
    expect(json).toEqual({ Message: "Data deleted, the key opens nothing any more" });
    await expectDenied(decrypt("Stephen", key));
    await expectDenied(service.post("/forget", { Name: "Stephen", Key: key }));
    expect((await decrypt("Stephen", other)).json).toEqual({ Text: "two" });
    expect(await records()).toHaveLength(1);
  });
});

describe("requests that are not right", () => {
  test.each([
    ["text/plain", "text/plain"],
    ["application/jsonp", "application/jsonp"],
    ["application/json; charset=latin1", "charset=latin1"],
    ["text/html<script>", "text/html<script>"],
  ])("a body of %s is answered 415, which names it", async (type, named) => {
    const { status, json } = await service.post("/encrypt", "{}", { "Content-Type": type });
    expect({ status, Code: json.Code }).toEqual({ status: 415, Code: "UnsupportedMediaType" });
    expect(json.Message).toContain(named);
  });

  test("a body without a type is answered 415", async () => {
    const { status, json } = await service.request("/encrypt", {
      method: "POST",
      body: Buffer.from("{}"),
    });
    expect(status).toBe(415);
    expect(json.Message).toBe(
      "The Content-Type must be application/json, in UTF-8 if it names a charset, but is missing.",
    );
  });

  test("a compressed body is answered 415", async () => {
    const { status } = await service.post("/encrypt", "{}", { "Content-Encoding": "gzip" });
    expect(status).toBe(415);
  });

  test.each([
    'Application/JSON; charset="UTF-8"',
    "application/json;charset=utf8",
    "application/json;\tcharset=utf-8",
  ])("%j says JSON in UTF-8", async (named) => {
    const type = { "Content-Type": named };
    expect((await service.post("/encrypt", { Name: "n", Text: "t" }, type)).status).toBe(200);
  });

  test.each([
    ["nothing", ""],
    ["half of an object", '{"Name":"Stephen","Text":"Piz'],
    ["no JSON", "Name=Stephen"],
    ["NaN", '{"Name":NaN}'],
  ])("a body of %s is answered 400 without repeating it", async (_, body) => {
    const { status, json } = await service.post("/encrypt", body);
    expect({ status, Code: json.Code }).toEqual({ status: 400, Code: "MalformedJson" });
    expect(json.Message).toBe("The body must be JSON in UTF-8, and is not.");
  });

  test("a body that is not UTF-8 is answered 400", async () => {
    const body = Buffer.from([...Buffer.from('{"Name":"'), 0xff, ...Buffer.from('","Text":""}')]);
    const headers = { "Content-Type": "application/json" };
    expect((await service.request("/encrypt", { method: "POST", headers, body })).status).toBe(400);
  });

  test.each([
    ["null", null],
    ["an array", [{ Name: "n" }]],
    ["a string", '"n"'],
  ])("a body that is %s is answered 422", async (what, body) => {
    const { status, json } = await service.post("/encrypt", body);
    expect(status).toBe(422);
    expect(json.Message).toBe(`The body must be a JSON object with Name and Text, not ${what}.`);
  });

  test("a member that is not known is answered 422, which names it", async () => {
    const { status, json } = await service.post("/encrypt", { Name: "n", Text: "t", Ttl: 60 });
    expect(status).toBe(422);
    expect(json.Message).toBe('The body may have Name and Text alone, but has "Ttl" too.');
    expect(await records()).toHaveLength(0);
  });

  test("all complaints come in one answer", async () => {
    const { json } = await service.post("/encrypt", {});
    expect(json.Message).toBe("Name is missing; Text is missing.");
  });

  test("an unknown path is answered 404 without repeating it", async () => {
    for (const path of ["/nowhere", "/Encrypt", "/encrypt/", "/constructor", "//encrypt"]) {
      const { status, json } = await service.request(path);
      expect({ status, Code: json.Code }).toEqual({ status: 404, Code: "NotFound" });
      expect(json.Message).not.toContain(path);
    }
  });

  test.each([
    ["GET", "/encrypt", "POST"],
    ["HEAD", "/decrypt", "GET, POST"],
    ["PUT", "/decrypt", "GET, POST"],
    ["OPTIONS", "/forget", "POST"],
    ["DELETE", "/", "GET, HEAD"],
  ])("%s %s is answered 405 with Allow", async (method, path, allowed) => {
    const response = await service.app.request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe(allowed);
  });
});

describe("dependencies that fail", () => {
  test.each([
    "ThrottlingException",
    "DisabledException",
    "KMSInvalidStateException",
    "AccessDeniedException",
    "ECONNREFUSED",
  ])("KMS with %s is answered 503, never 403, and stores nothing", async (reason) => {
    const key = await service.encrypt("Stephen", "one");
    service.kms.interrupt = () => {
      throw new KmsUnavailable(reason, "kms-request-1");
    };
    const answers = [
      await service.post("/encrypt", { Name: "n", Text: "t" }),
      await decrypt("Stephen", key),
      await decrypt("nobody", "x"),
      await service.post("/forget", { Name: "Stephen", Key: key }),
    ];
    for (const { status, json, headers } of answers) {
      expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "KmsUnavailable" });
      expect(headers.get("Retry-After")).toBe("2");
      expect(json.Message).not.toContain(reason);
    }
    expect(service.lines.at(-1)).toMatchObject({
      level: "warn",
      code: "KmsUnavailable",
      reason,
      kmsRequestId: "kms-request-1",
    });
    expect(service.lines.at(-1)).not.toHaveProperty("DecryptDenied");
    expect(await records()).toHaveLength(1);
  });

  test("a database that is away is answered 503, and nothing says that a text was stored", async () => {
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

  test("a fault of the service is answered 500 without detail, and logged without a message", async () => {
    service.kms.interrupt = () => {
      throw new TypeError("Stephen loves Pizza");
    };
    const { status, json } = await service.post("/encrypt", { Name: "Stephen", Text: "Pizza" });
    expect(status).toBe(500);
    expect(json).toMatchObject({ Code: "InternalError" });
    expect(JSON.stringify(json)).not.toMatch(/Stephen|Pizza|TypeError|at /);
    const [error, line] = service.lines.slice(-2);
    expect(error).toMatchObject({ level: "error", error: "TypeError", requestId: json.RequestId });
    expect(JSON.stringify(error?.stack)).toContain("app.test.ts");
    expect(line).toMatchObject({ level: "error", status: 500, ServerErrors: 1 });
    expect(JSON.stringify([error, line])).not.toMatch(/Stephen|Pizza/);
  });
});

describe("limits", () => {
  const hang = (_: unknown, signal: AbortSignal) =>
    new Promise<void>((_, reject) => {
      signal.addEventListener("abort", () => reject(new KmsUnavailable("AbortError", undefined)));
    });

  test("a request that is not done by its deadline is answered 503 and its work is stopped", async () => {
    const hasty = createHarness({ databaseUrl: postgres.url, deadline: 30 });
    let stopped = false;
    hasty.kms.interrupt = async (operation, signal) => {
      await hang(operation, signal).finally(() => {
        stopped = true;
      });
    };
    const { status, json, headers } = await hasty.post("/encrypt", { Name: "n", Text: "t" });
    expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "DeadlineExceeded" });
    expect(headers.get("Retry-After")).toBe("2");
    expect(stopped).toBe(true);
    expect(hasty.lines).toMatchObject([{ code: "DeadlineExceeded", status: 503 }]);
    await hasty.database.close(0);
  });

  test("nothing is stored or removed after the deadline", async () => {
    const { kms } = service;
    const hasty = createHarness({ databaseUrl: postgres.url, deadline: 30, kms });
    const key = await service.encrypt("Stephen", "one");
    let release = () => {};
    kms.interrupt = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    for (const [path, body] of [
      ["/encrypt", { Name: "n", Text: "t" }],
      ["/forget", { Name: "Stephen", Key: key }],
    ] as const) {
      expect((await hasty.post(path, body)).status).toBe(503);
      release();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(hasty.storeCalls).toEqual(["find"]);
    expect(await records()).toHaveLength(1);
    await hasty.database.close(0);
  });

  test("one request too many is answered 429 at once, and health is still told", async () => {
    const small = createHarness({ databaseUrl: postgres.url, inFlight: 2 });
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
    for (const answer of await Promise.all(working)) expect(answer.status).toBe(200);
    expect((await small.post("/encrypt", { Name: "4", Text: "t" })).status).toBe(200);
    await small.database.close(0);
  });
});

describe("health", () => {
  test("GET / is the text OK", async () => {
    const { status, text, headers } = await service.request("/");
    expect({ status, text }).toEqual({ status: 200, text: "OK" });
    expect(headers.get("content-type")).toMatch(/^text\/plain/);
  });

  test("/readyz says that both dependencies answer, and asks KMS at most once in five seconds", async () => {
    const before = service.kms.calls.length;
    for (let n = 0; n < 5; n++) {
      const { status, json } = await service.request("/readyz");
      expect(status).toBe(200);
      expect(json).toEqual({ Status: "ready", Checks: { Database: "ok", Kms: "ok" } });
    }
    expect(service.kms.calls.slice(before)).toEqual([{ operation: "checkKey", context: {} }]);
  });

  test("/readyz names what is missing, while /healthz stays", async () => {
    service.kms.interrupt = () => {
      throw new KmsUnavailable("KeyStateDisabled", undefined);
    };
    const { status, json } = await service.request("/readyz");
    expect(status).toBe(503);
    expect(json).toMatchObject({
      Message: "Not ready: Kms cannot be used.",
      Code: "NotReady",
      Checks: { Database: "ok", Kms: "unavailable" },
    });
    expect(service.lines.at(-1)).toMatchObject({ reason: "KeyStateDisabled" });
    expect((await service.request("/healthz")).json).toEqual({ Status: "ok" });
    expect((await service.request("/")).status).toBe(200);
  });

  test("/readyz sends new traffic elsewhere once the process was told to stop", async () => {
    service.draining.value = true;
    const { status, json, headers } = await service.request("/readyz");
    expect({ status, Code: json.Code }).toEqual({ status: 503, Code: "NotReady" });
    expect(headers.get("Connection")).toBe("close");
  });
});

describe("every answer", () => {
  test("has a request id: the caller's where it is fit for a log, else a new one", async () => {
    for (const given of ["Root=1-67891233-abcdef012345678912345678", "a"]) {
      const { headers } = await service.request("/", { headers: { "X-Request-Id": given } });
      expect(headers.get("X-Request-Id")).toBe(given);
      expect(service.lines.at(-1)).toMatchObject({ requestId: given });
    }
    for (const given of ["", "x".repeat(129), 'a"b', "a b", "{}"]) {
      const { headers } = await service.request("/", { headers: { "X-Request-Id": given } });
      expect(headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test("has the id in the body of an error", async () => {
    const { json } = await service.post("/encrypt", "", { "X-Request-Id": "abc" });
    expect(json.RequestId).toBe("abc");
  });

  test("is not kept by caches or read by pages, and does not say what serves it", async () => {
    for (const path of ["/", "/nowhere", "/decrypt", "/openapi.json"]) {
      const { headers } = await service.request(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "strict-transport-security": expect.stringContaining("max-age="),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
      });
      expect(headers.has("server")).toBe(false);
      expect(headers.has("x-powered-by")).toBe(false);
    }
  });
});

describe("the log", () => {
  test("has one line a request, with route, status, time and KMS's request id, and its metrics", async () => {
    const key = await service.encrypt("Stephen", "one");
    service.lines.length = 0;
    await service.post("/decrypt", { Name: "Stephen", Key: key });
    await service.post("/decrypt", { Name: "Stephen", Key: "wrong" });
    const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
    const line = {
      level: "info",
      msg: "request",
      requestId: uuid,
      kmsRequestId: uuid,
      route: "/decrypt",
      method: "POST",
      duration: expect.any(Number),
      Service: "api",
      Requests: 1,
      Latency: expect.any(Number),
      ServerErrors: 0,
      Decrypts: 1,
      TamperedRecords: 0,
    };
    expect(service.lines).toMatchObject([
      { ...line, status: 200, DecryptDenied: 0 },
      { ...line, status: 403, DecryptDenied: 1, code: "DecryptionFailed" },
    ]);
    expect(service.lines[1]?._aws).toMatchObject({
      CloudWatchMetrics: [
        {
          Namespace: "Cipherwatch",
          Metrics: expect.arrayContaining([
            { Name: "DecryptDenied", Unit: "Count", StorageResolution: 1 },
          ]),
        },
      ],
    });
  });

  test("has the template of a route, never what was asked for, and no metrics for probes", async () => {
    service.lines.length = 0;
    await service.request("/decrypt/Stephen?Key=secret");
    await service.request("/?Name=Stephen");
    expect(service.lines).toMatchObject([
      { route: "unmatched", status: 404, Requests: 1 },
      { route: "/", status: 200 },
    ]);
    expect(service.lines[1]).not.toHaveProperty("_aws");
    expect(JSON.stringify(service.lines)).not.toMatch(/Stephen|secret/);
  });
});

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
    port = await listen(service);
  });

  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  test("GET /decrypt takes its JSON from the body, announced or in chunks", async () => {
    const Key = await service.encrypt("Stephen", "I love Pizza");
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

  test("an answer to HEAD has no body", async () => {
    expect(await send(port, "HEAD", "/")).toMatchObject({ status: 200, text: "" });
    expect(await send(port, "HEAD", "/decrypt")).toMatchObject({ status: 405, text: "" });
  });

  test.each(["GET", "POST"])(
    "a %s body that is announced too large is answered 413 before it is sent",
    async (method) => {
      const head = [
        `${method} /decrypt HTTP/1.1`,
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 99999999",
        "",
        "",
      ].join("\r\n");
      const answer = await speak(port, (write) => write(head));
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain("The body has 99999999 bytes; 28384 are allowed.");
      expect(answer.toLowerCase()).toContain("connection: close");
    },
  );

  test.each(["GET", "POST"])(
    "a %s body that has no end is answered 413 as soon as it is too large",
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
      const answer = await speak(port, (write) => {
        write(head);
        // 28,384 bytes are allowed; the last chunk never comes.
        for (let sent = 0; sent < 8; sent++) write(chunk);
      });
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain("The body has too many bytes; 28384 are allowed.");
    },
  );

  test.each(["GET", "POST"])(
    "a %s body that does not come is waited for until the deadline, and frees its place",
    async (method) => {
      const hasty = createHarness({ databaseUrl: postgres.url, deadline: 60, inFlight: 1 });
      const hastyPort = await listen(hasty);
      const head = [
        `${method} /decrypt HTTP/1.1`,
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 30",
        "",
        "{",
      ].join("\r\n");
      const answer = await speak(hastyPort, (write) => write(head));
      expect(answer).toMatch(/^HTTP\/1\.1 503 /);
      expect(answer).toContain("DeadlineExceeded");
      await expect
        .poll(async () => (await hasty.post("/decrypt", "")).status, { timeout: 30_000 })
        .toBe(400);
      await hasty.database.close(0);
    },
  );

  test.each([
    ["413", "POST /encrypt", "application/json", "keep-alive"],
    ["413", "GET /decrypt", "application/json", "close"],
    ["415", "POST /encrypt", "text/plain", "close"],
    ["404", "PUT /nowhere", "application/json", "close"],
    ["405", "PUT /encrypt", "application/json", "close"],
  ])(
    "a client that sends all before it reads sees its %s to %s",
    async (status, line, type, keep) => {
      const head = `${line} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nConnection: ${keep}\r\n`;
      const body = " ".repeat(8_388_608);
      const after =
        keep === "close" ? "" : "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
      const answer = await speak(port, (write) =>
        write(`${head}Content-Length: ${body.length}\r\n\r\n${body}${after}`),
      );
      const expected =
        after === "" ? [`HTTP/1.1 ${status}`] : [`HTTP/1.1 ${status}`, "HTTP/1.1 200"];
      expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(expected);
    },
  );

  test("what follows on the connection is not taken for the body that was refused", async () => {
    const body = JSON.stringify({ Name: "n", Text: "t" });
    const requests = [
      `POST /encrypt HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ];
    const answer = await speak(port, (write) => write(requests.join("")));
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 415", "HTTP/1.1 200"]);
  });

  test("a client that leaves in the middle of its body does no harm", async () => {
    service.lines.length = 0;
    const socket = connectTo(port, "127.0.0.1");
    socket.write(
      "POST /encrypt HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
      () => socket.destroy(),
    );
    await expect.poll(() => service.lines.length, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(service.lines).toMatchObject([{ route: "/encrypt", status: 400 }]);
    expect((await send(port, "GET", "/")).status).toBe(200);
  });
});

/** Writes bytes on a connection, and gives all that comes back until the server closes it. */
function speak(port: number, talk: (write: (text: string) => void) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTo(port, "127.0.0.1");
    let heard = "";
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      heard += text;
    });
    socket.on("close", () => resolve(heard));
    socket.on("error", reject);
    socket.on("connect", () => talk((text) => socket.write(text)));
  });
}
