import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { KmsUnavailable } from "./kms.ts";
import { createHarness, DENIED, type Harness } from "./testing/harness.ts";
import { type PostgresServer, startPostgres } from "./testing/postgres-server.ts";

let postgres: PostgresServer;
let service: Harness;

beforeAll(async () => {
  postgres = await startPostgres();
  service = createHarness({ databaseUrl: postgres.url, poolSize: 2 });
});

afterEach(async () => {
  service.kms.interrupt = undefined;
  service.clock.now += 60_000;
  await postgres.sql`DELETE FROM cipherwatch.records`;
});

afterAll(async () => {
  await service.database.close(1_000);
  await postgres.close();
});

const rows = async () => await postgres.sql`SELECT name FROM cipherwatch.records`;

/** The API of the AWS Well-Architected lab has a fault for each of these guarantees. */
describe("unlike the original lab API, the service", () => {
  test("1: never returns a Text without a Key and a KMS call", async () => {
    await service.encrypt("Stephen", "I love Pizza");
    for (const body of [
      { Name: "Stephen" },
      { Name: "Stephen", Key: null },
      { Name: "Stephen", Key: "" },
      { Name: "Stephen", Key: undefined },
      { Name: "Stephen", key: "x" },
    ]) {
      const { status, text } = await service.post("/decrypt", body);
      expect([403, 422]).toContain(status);
      expect(text).not.toContain("Pizza");
    }
    // An empty Key is an attempt, and every attempt must reach KMS.
    const before = service.kms.calls.length;
    await service.post("/decrypt", { Name: "Stephen", Key: "" });
    expect(service.kms.calls.slice(before)).toMatchObject([{ operation: "decrypt" }]);
  });

  test("2: gives each record its own Key, which opens no other record", async () => {
    const mine = await service.encrypt("Mallory", "mine");
    const hers = await service.encrypt("Alice", "hers");
    const hersToo = await service.encrypt("Alice", "hers too");
    expect(new Set([mine, hers, hersToo]).size).toBe(3);
    for (const [Name, Key] of [
      ["Alice", mine],
      ["Mallory", hers],
      ["Alice", service.kms.keyArn],
      ["Alice", service.kms.keyArn.split("/")[1]],
    ]) {
      const { status, text } = await service.post("/decrypt", { Name, Key });
      expect(status).toBe(403);
      expect(text).not.toMatch(/mine|hers/);
    }
    const { json } = await service.post("/decrypt", { Name: "Alice", Key: hers });
    expect(json).toEqual({ Text: "hers" });
  });

  test("3: treats SQL in a Name as text", async () => {
    await service.encrypt("Alice", "hers");
    const mine = await service.encrypt("Mallory", "mine");
    for (const Name of [
      "Alice' -- ",
      "x' OR '1'='1",
      "x' UNION SELECT * FROM cipherwatch.records -- ",
      "x'; DELETE FROM cipherwatch.records; -- ",
      'x"; DROP TABLE cipherwatch.records; --',
      "\\'; DROP TABLE cipherwatch.records; --",
      "$1",
      "%",
    ]) {
      expect((await service.post("/decrypt", { Name, Key: mine })).status).toBe(403);
      expect((await service.post("/forget", { Name, Key: mine })).status).toBe(403);
      const key = await service.encrypt(Name, "text of a crafted name");
      const { json } = await service.post("/decrypt", { Name, Key: key });
      expect(json).toEqual({ Text: "text of a crafted name" });
    }
    expect(await rows()).toHaveLength(10);
  });

  test("4: returns 200 only after the record is stored", async () => {
    for (const Name of ["O'Brien", "x".repeat(256)]) {
      await service.encrypt(Name, "kept");
      expect(await rows()).toContainEqual({ name: Name });
    }
    expect((await service.post("/encrypt", { Name: "x".repeat(257), Text: "t" })).status).toBe(422);
    await postgres.sql`ALTER TABLE cipherwatch.records RENAME TO moved`;
    const failed = await service.post("/encrypt", { Name: "Stephen", Text: "t" });
    await postgres.sql`ALTER TABLE cipherwatch.moved RENAME TO records`;
    expect(failed.status).toBe(503);
    expect(failed.json).not.toHaveProperty("Key");
    expect(await rows()).toHaveLength(2);
  });

  test("5: rejects a missing Name, and never overwrites a record", async () => {
    for (const body of [{ Text: "t" }, { Name: undefined, Text: "t" }, { Name: null, Text: "t" }]) {
      expect((await service.post("/encrypt", body)).status).toBe(422);
    }
    expect(await rows()).toHaveLength(0);
    const first = await service.encrypt("Stephen", "first");
    await service.encrypt("Stephen", "second, by somebody else");
    const { json } = await service.post("/decrypt", { Name: "Stephen", Key: first });
    expect(json).toEqual({ Text: "first" });
  });

  test("6: does not reveal which names exist, and calls KMS for unknown names too", async () => {
    await service.vault.prepare(AbortSignal.timeout(60_000));
    const key = await service.encrypt("Stephen", "I love Pizza");
    const seen = new Set<string>();
    for (const [Name, Key] of [
      ["Stephen", "wrong"],
      ["nobody", "wrong"],
      ["nobody", key],
    ]) {
      const before = service.kms.calls.length;
      const { status, json } = await service.post("/decrypt", { Name, Key });
      expect(service.kms.calls.slice(before)).toMatchObject([{ operation: "decrypt" }]);
      seen.add(`${status} ${json.Code} ${json.Message}`);
    }
    expect([...seen]).toEqual([`403 DecryptionFailed ${DENIED}`]);
  });

  test("7: reports unavailable dependencies, limits requests and shows no stack traces", async () => {
    const lonely = createHarness({
      databaseUrl: "postgres://postgres@127.0.0.1:1/postgres",
      deadline: 40,
    });
    lonely.kms.interrupt = () => {
      throw new KmsUnavailable("ECONNREFUSED", undefined);
    };
    const ready = await lonely.request("/readyz");
    expect(ready.status).toBe(503);
    expect(ready.json.Checks).toEqual({ Database: "unavailable", Kms: "unavailable" });
    const failures = [
      ready,
      await lonely.post("/encrypt", { Name: "n", Text: "t" }),
      await lonely.post("/decrypt", { Name: "n", Key: "k" }),
      await lonely.post("/encrypt", "{"),
    ];
    lonely.kms.interrupt = () => new Promise(() => {});
    const late = await lonely.post("/encrypt", { Name: "n", Text: "t" });
    expect(late.json.Code).toBe("DeadlineExceeded");
    for (const { text } of [...failures, late]) {
      expect(text).not.toMatch(/ at |node_modules|\.ts:|127\.0\.0\.1|ECONN/);
    }
    await lonely.database.close(0);
  });

  test("8: reuses connections, and fetches no secret for a request", async () => {
    const before = postgres.connections();
    const fresh = createHarness({ databaseUrl: postgres.url, poolSize: 2 });
    for (let n = 0; n < 5; n++) {
      await Promise.all([1, 2, 3, 4].map((m) => fresh.encrypt(`${n} ${m}`, "t")));
    }
    expect(postgres.connections() - before).toBeLessThanOrEqual(2);
    // One KMS call per encrypt, and no other AWS calls.
    expect(fresh.kms.calls).toHaveLength(20);
    await fresh.database.close(1_000);
  });
});
