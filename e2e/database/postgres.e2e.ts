import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../service/database.ts";
import { grantRewrap, grantService, migrate, readMigrations } from "../../service/migrate.ts";
import { createHarness, DENIED, type Harness } from "../../service/testing/harness.ts";
import { MIGRATIONS } from "../../service/testing/postgres-server.ts";
import { earlierVersions } from "./earlier-statements.ts";
import { type RealPostgres, startRealPostgres } from "./postgres.ts";

const execute = promisify(execFile);
const migration = fileURLToPath(new URL("../../service/migrate.ts", import.meta.url));

const SERVICE = "cipherwatch_service";
const REWRAP = "cipherwatch_rewrap";

let postgres: RealPostgres;
let admin: Sql;
let harness: Harness;

beforeAll(async () => {
  postgres = await startRealPostgres();
  console.log(postgres.version);
  admin = connect({ kind: "url", url: postgres.url() }, { max: 1 });
});

afterAll(async () => {
  await harness?.database.close(1_000);
  await admin?.end({ timeout: 1 });
  postgres?.remove();
});

it("runs each migration once when four tasks start at the same time", async () => {
  const env = { PATH: process.env.PATH ?? "", DATABASE_URL: postgres.url() };
  const outputs = await Promise.all(
    Array.from({ length: 4 }, () => execute(process.execPath, [migration], { env })),
  );
  const migrated = outputs.filter(({ stdout }) => stdout.includes('"schema migrated"'));
  expect(migrated).toHaveLength(1);
  const rows = await admin`SELECT name FROM cipherwatch.migrations`;
  expect(rows.map(({ name }) => name)).toEqual([
    "0001_records.sql",
    "0002_forgotten.sql",
    "0003_record_format_2.sql",
    "0004_quota_usage.sql",
    "0005_expiry.sql",
    "0006_erasure_progress.sql",
  ]);
});

it("gives up a migration within seconds while a dump reads its table, and names the reason", async () => {
  const dump = connect({ kind: "url", url: postgres.url() }, { max: 1 });
  const migrating = connect({ kind: "url", url: postgres.url() }, { max: 1 });
  const pending = {
    name: "9999_x.sql",
    sql: "ALTER TABLE cipherwatch.records ADD x int",
    checksum: "",
  };
  await dump.begin(async (sql) => {
    await sql`SELECT count(*) FROM cipherwatch.records`;
    const migrated = migrate(migrating, [...readMigrations(MIGRATIONS), pending]);
    await expect(migrated).rejects.toThrow(
      /SQLSTATE 55P03; no migration was applied. Another session/,
    );
    // The dump still runs, and no request waits behind the migration any more.
    expect(await admin`SELECT FROM cipherwatch.records`).toHaveLength(0);
  });
  await Promise.all([dump.end(), migrating.end()]);
});

it("denies the role of the service everything except reading, adding and deleting records", async () => {
  await admin`CREATE ROLE rds_iam`;
  expect(await grantService(admin, SERVICE)).toBe(true);
  const role = connect({ kind: "url", url: postgres.url(SERVICE) }, { max: 1 });
  const insufficientPrivilege = { code: "42501" };
  await expect(role`UPDATE cipherwatch.records SET name = 'x'`).rejects.toMatchObject(
    insufficientPrivilege,
  );
  await expect(role`DROP TABLE cipherwatch.records`).rejects.toMatchObject(insufficientPrivilege);
  await expect(role`SELECT * FROM cipherwatch.migrations`).rejects.toMatchObject(
    insufficientPrivilege,
  );
  await expect(role`CREATE TABLE cipherwatch.mine (n int)`).rejects.toMatchObject(
    insufficientPrivilege,
  );
  await role.end({ timeout: 1 });
});

describe("the statements of earlier versions", () => {
  it("exist for each migration", () => {
    const migrations = readMigrations(MIGRATIONS).map(({ name }) => name);
    expect(earlierVersions.map(({ migration }) => migration)).toEqual(migrations);
  });

  it.each(earlierVersions)("work on the newest schema: $migration", async (version) => {
    await grantRewrap(admin, REWRAP);
    const rolledBack = new Error("rolled back");
    const running = admin.begin(async (sql) => {
      const run = async (role: string, statements: (typeof version)["statements"]) => {
        await sql.unsafe(`SET LOCAL ROLE ${role}`);
        for (const [rows, statement] of statements) {
          expect((await sql.unsafe(statement)).count, statement).toBe(rows);
        }
      };
      // The worker changes a record between its insertion, which is the second statement, and its deletion.
      await run(SERVICE, version.statements.slice(0, 2));
      await run(REWRAP, version.rewrap ?? []);
      await run(SERVICE, version.statements.slice(2));
      throw rolledBack;
    });
    await expect(running).rejects.toBe(rolledBack);
  });
});

describe("the service, connected with its own role", () => {
  beforeAll(() => {
    harness = createHarness({ databaseUrl: postgres.url(SERVICE), poolSize: 8, inFlight: 200 });
  });

  it("stores 100 records sent concurrently, each with its own Key", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `O'Brien "${index}" 🔑`);
    const keys = await Promise.all(names.map((name) => harness.encrypt(name, `text of ${name}`)));
    const texts = await Promise.all(
      names.map((Name, index) => harness.post("/decrypt", { Name, Key: keys[index] })),
    );
    expect(texts.map(({ json }) => json.Text)).toEqual(names.map((name) => `text of ${name}`));
    const other = await harness.post("/decrypt", { Name: names[0], Key: keys[1] });
    expect(other).toMatchObject({ status: 403, json: { Message: DENIED } });
  });

  it("deletes a record and then rejects its Key like any wrong one", async () => {
    const Key = await harness.encrypt("forgotten", "gone");
    expect(await harness.post("/forget", { Name: "forgotten", Key })).toMatchObject({
      status: 200,
    });
    expect(await harness.post("/forget", { Name: "forgotten", Key })).toMatchObject({
      status: 200,
    });
    expect(await harness.post("/decrypt", { Name: "forgotten", Key })).toMatchObject({
      status: 403,
      json: { Message: DENIED },
    });
    expect(await admin`SELECT FROM cipherwatch.records WHERE name = 'forgotten'`).toHaveLength(0);
  });

  it("returns 503 while the database is unavailable, and recovers without losing records", async () => {
    const Key = await harness.encrypt("kept", "still here");
    postgres.stop();
    expect(await harness.post("/decrypt", { Name: "kept", Key })).toMatchObject({
      status: 503,
      json: { Code: "DatabaseUnavailable" },
    });
    expect(await harness.post("/encrypt", { Name: "lost", Text: "x" })).toMatchObject({
      status: 503,
    });
    postgres.start();
    await expect
      .poll(() => harness.post("/decrypt", { Name: "kept", Key }), { timeout: 30_000 })
      .toMatchObject({ status: 200, json: { Text: "still here" } });
    expect(await admin`SELECT FROM cipherwatch.records WHERE name = 'lost'`).toHaveLength(0);
  });
});
