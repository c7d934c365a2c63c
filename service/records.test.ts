import { describe, expect, test } from "vitest";
import { formatKey, newKey } from "./key.ts";
import { expectDenied, useService } from "./testing/fixture.ts";

const LIMIT = 2_000;

const fixture = useService({ textLimit: LIMIT });

const decrypt = (Name: unknown, Key: unknown) => fixture.service.post("/decrypt", { Name, Key });

describe("encrypt and decrypt", () => {
  test("decrypts a Text with the Key that encrypt returned", async () => {
    const encrypted = await fixture.service.post("/encrypt", {
      Name: "Stephen",
      Text: "I love Pizza",
    });
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
    ["256 characters that are 512 UTF-16 code units", "🍕".repeat(256)],
    ["the name of a built-in property", "__proto__"],
    ["only spaces", "  "],
  ])("accepts a Name with %s", async (_, name) => {
    const Key = await fixture.service.encrypt(name, "text");
    expect((await decrypt(name, Key)).json).toEqual({ Text: "text" });
  });

  test.each([
    ["257 characters", "🍕".repeat(257), "Name must have 1 to 256 characters, but has 257."],
    ["no characters", "", "Name must have 1 to 256 characters, but has 0."],
    ["NUL", "a\0b", "Name must not contain the character NUL"],
    ["a lone surrogate", "a\ud83c", "Name must be well-formed Unicode"],
    ["a number", 7, "Name must be a string, not a number."],
    ["null", null, "Name must be a string, not null."],
    ["an array", ["a"], "Name must be a string, not an array."],
    ["an object", {}, "Name must be a string, not an object."],
    ["undefined", undefined, "Name is missing."],
  ])(
    "rejects a Name of %s with 422 on every route and stores nothing",
    async (_, Name, message) => {
      const before = fixture.service.kms.calls.length;
      for (const [path, rest] of [
        ["/encrypt", { Text: "t" }],
        ["/decrypt", { Key: "k" }],
        ["/forget", { Key: "k" }],
      ] as const) {
        const { status, json } = await fixture.service.post(path, { Name, ...rest });
        expect({ status, Code: json.Code }).toEqual({ status: 422, Code: "InvalidRequest" });
        expect(json.Message).toContain(message);
      }
      expect(await fixture.records()).toHaveLength(0);
      expect(fixture.service.kms.calls).toHaveLength(before);
    },
  );

  test.each([
    ["no bytes", ""],
    ["the maximum number of bytes", "x".repeat(LIMIT)],
    ["the maximum number of bytes in four-byte characters", "🍕".repeat(LIMIT / 4)],
    ["NUL and line breaks", "\0\r\n"],
    ["a byte order mark", "\ufeffx"],
  ])("accepts a Text with %s", async (_, text) => {
    const Key = await fixture.service.encrypt("n", text);
    expect((await decrypt("n", Key)).json).toEqual({ Text: text });
  });

  test("accepts a Text of the maximum size written in JSON escapes", async () => {
    const body = `{"Name":"n","Text":"${"\\u0041".repeat(LIMIT)}"}`;
    const { status, json } = await fixture.service.post("/encrypt", body);
    expect(status).toBe(200);
    expect((await decrypt("n", json.Key)).json).toEqual({ Text: "A".repeat(LIMIT) });
  });

  test.each([
    ["by one one-byte character", "x".repeat(LIMIT + 1)],
    ["by one byte of a four-byte character", `${"x".repeat(LIMIT - 3)}🍕`],
  ])("rejects a Text over the limit %s with 413", async (_, Text) => {
    const { status, json } = await fixture.service.post("/encrypt", { Name: "n", Text });
    expect({ status, Code: json.Code }).toEqual({ status: 413, Code: "PayloadTooLarge" });
    expect(json.Message).toBe(`Text is ${LIMIT + 1} bytes of UTF-8; the maximum is ${LIMIT}.`);
    expect(await fixture.records()).toHaveLength(0);
  });

  test.each([
    ["missing", undefined, "Text is missing."],
    ["a number", 7, "Text must be a string, not a number."],
    ["a lone surrogate", "\udf55", "Text must be well-formed Unicode"],
  ])("rejects a Text that is %s with 422", async (_, Text, message) => {
    const { status, json } = await fixture.service.post("/encrypt", { Name: "n", Text });
    expect(status).toBe(422);
    expect(json.Message).toContain(message);
  });

  test("stores two Texts of one Name as two records with their own Keys", async () => {
    const first = await fixture.service.encrypt("Stephen", "one");
    const second = await fixture.service.encrypt("Stephen", "two");
    expect(await fixture.records()).toHaveLength(2);
    expect((await decrypt("Stephen", first)).json).toEqual({ Text: "one" });
    expect((await decrypt("Stephen", second)).json).toEqual({ Text: "two" });
  });
});

describe("a Key that does not open the record", () => {
  test("gets one response after one lookup and one KMS call, whatever is wrong", async () => {
    const key = await fixture.service.encrypt("Stephen", "one");
    const other = await fixture.service.encrypt("Stefan", "two");
    const newer = await fixture.service.encrypt("Stephen", "three");
    const attempts: [string, string][] = [
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
      for (const [Name, Key] of attempts) {
        const [calls, lookups] = [
          fixture.service.kms.calls.length,
          fixture.service.storeCalls.length,
        ];
        await expectDenied(fixture.service.post(path, { Name, Key }));
        expect(fixture.service.kms.calls.slice(calls)).toMatchObject([{ operation: "decrypt" }]);
        const lookup = path === "/forget" ? "findCandidateToRemove" : "findCandidate";
        expect(fixture.service.storeCalls.slice(lookups)).toEqual([lookup]);
      }
    }
    expect(await fixture.records()).toHaveLength(3);
  });

  test("is rejected with 422 before KMS and the database when it is missing", async () => {
    await fixture.service.encrypt("Stephen", "one");
    const [calls, lookups] = [fixture.service.kms.calls.length, fixture.service.storeCalls.length];
    const { status, json } = await fixture.service.post("/decrypt", { Name: "Stephen" });
    expect({ status, Message: json.Message }).toEqual({ status: 422, Message: "Key is missing." });
    expect(fixture.service.kms.calls).toHaveLength(calls);
    expect(fixture.service.storeCalls).toHaveLength(lookups);
  });

  test("gets a response that differs only in the request id", async () => {
    const key = await fixture.service.encrypt("Stephen", "one");
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

  test("puts neither the Name nor a malformed Key into the encryption context", async () => {
    const before = fixture.service.kms.calls.length;
    await decrypt("Stephen", "some-random-false-key");
    const { context } = fixture.service.kms.calls[before] ?? { context: {} };
    expect(Object.keys(context).sort()).toEqual(["app", "format", "key", "record"]);
    expect(JSON.stringify(context)).not.toMatch(/Stephen|false/);
  });
});

describe("while CloudTrail does not record decrypts", () => {
  test.each(["/decrypt", "/forget"])("%s reaches neither the database nor KMS", async (path) => {
    const { service } = fixture;
    const Key = await service.encrypt("Stephen", "I love Pizza");
    const [calls, lookups] = [service.kms.calls.length, service.storeCalls.length];
    service.mayDecrypt.value = false;
    const response = await service.post(path, { Name: "Stephen", Key });
    expect(response).toMatchObject({ status: 503, json: { Code: "TrailUnavailable" } });
    expect(response.headers.get("Retry-After")).toBe("30");
    expect(service.kms.calls).toHaveLength(calls);
    expect(service.storeCalls).toHaveLength(lookups);
    service.mayDecrypt.value = true;
    expect(await service.post("/decrypt", { Name: "Stephen", Key })).toMatchObject({ status: 200 });
  });

  test("encrypt works", async () => {
    fixture.service.mayDecrypt.value = false;
    await fixture.service.encrypt("Stephen", "I love Pizza");
  });
});

describe("forget", () => {
  test("deletes only the record that the Key opens", async () => {
    const key = await fixture.service.encrypt("Stephen", "one");
    const other = await fixture.service.encrypt("Stephen", "two");
    const { status, json } = await fixture.service.post("/forget", { Name: "Stephen", Key: key });
    expect(status).toBe(200);
    expect(json).toEqual({ Message: "Data deleted, the key no longer opens anything" });
    await expectDenied(decrypt("Stephen", key));
    expect((await decrypt("Stephen", other)).json).toEqual({ Text: "two" });
    expect(await fixture.records()).toHaveLength(1);
  });

  test("may be repeated, with one KMS call that succeeds and no alarm", async () => {
    const key = await fixture.service.encrypt("Stephen", "one");
    const forget = (Key: string, Name = "Stephen") =>
      fixture.service.post("/forget", { Name, Key });
    const first = await forget(key);
    for (let n = 0; n < 3; n++) {
      const before = fixture.service.kms.calls.length;
      const again = await forget(key);
      expect({ status: again.status, text: again.text }).toEqual({ status: 200, text: first.text });
      expect(fixture.service.kms.calls.slice(before)).toMatchObject([{ operation: "decrypt" }]);
      const line = fixture.service.lines.at(-1);
      expect(line).toMatchObject({ status: 200, Decrypts: 1, DecryptDenied: 0 });
    }
    const altered = key.slice(0, -1) + (key.endsWith("A") ? "B" : "A");
    await expectDenied(forget(altered));
    await expectDenied(forget(key, "Stefan"));
    await expectDenied(decrypt("Stephen", key));
  });

  test("deletes once and responds with 200 to every concurrent caller", async () => {
    const key = await fixture.service.encrypt("Stephen", "one");
    const responses = await Promise.all(
      Array.from({ length: 10 }, () =>
        fixture.service.post("/forget", { Name: "Stephen", Key: key }),
      ),
    );
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test("deletes a record again that was copied back from a backup", async () => {
    const key = await fixture.service.encrypt("Stephen", "one");
    const [row] = await fixture.records();
    const forget = () => fixture.service.post("/forget", { Name: "Stephen", Key: key });
    await forget();
    await fixture.postgres.sql`
      INSERT INTO cipherwatch.records ${fixture.postgres.sql(row ?? {})}`;
    expect((await forget()).status).toBe(200);
    expect(await fixture.records()).toHaveLength(0);
    await expectDenied(decrypt("Stephen", key));
  });

  test("makes a decrypt that it overtakes fail like a wrong Key", async () => {
    const key = await fixture.service.encrypt("Stephen", "one");
    fixture.service.kms.interrupt = async () => {
      await fixture.postgres.sql`DELETE FROM cipherwatch.records`;
    };
    await expectDenied(decrypt("Stephen", key));
  });
});
