import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connect } from "./database.ts";
import { grantRewrap, grantService, type Migration, migrate, readMigrations } from "./migrate.ts";
import { MIGRATIONS, type PostgresServer, startPostgres } from "./testing/postgres-server.ts";

let postgres: PostgresServer;
let sql: Sql;

beforeAll(async () => {
  postgres = await startPostgres({ migrated: false });
  sql = postgres.sql;
});

afterEach(async () => {
  await sql`DROP SCHEMA IF EXISTS cipherwatch CASCADE`;
});

afterAll(() => postgres.close());

const step = (name: string, text: string, checksum = name): Migration => ({
  name,
  sql: text,
  checksum,
});

const ONE = step(
  "0001_one.sql",
  "CREATE TABLE cipherwatch.log (n int); INSERT INTO cipherwatch.log VALUES (1)",
);
const TWO = step("0002_two.sql", "INSERT INTO cipherwatch.log VALUES (2)");

const numbers = async () =>
  (await sql<{ n: number }[]>`SELECT n FROM cipherwatch.log ORDER BY n`).map(({ n }) => n);

describe("migrate", () => {
  test("creates the tables in an empty database, and changes nothing when run again", async () => {
    const migrations = readMigrations(MIGRATIONS);
    expect(await migrate(sql, migrations)).toEqual(migrations.map(({ name }) => name));
    expect(await migrate(sql, migrations)).toEqual([]);
    expect(await sql`SELECT id FROM cipherwatch.records`).toEqual([]);
  });

  test("applies new migrations once and in order", async () => {
    expect(await migrate(sql, [ONE])).toEqual([ONE.name]);
    expect(await migrate(sql, [ONE, TWO])).toEqual([TWO.name]);
    expect(await numbers()).toEqual([1, 2]);
  });

  test("applies each migration once when tasks start together", async () => {
    const others = Array.from({ length: 4 }, () =>
      connect({ kind: "url", url: postgres.url }, { max: 1 }),
    );
    const ran = await Promise.all(others.map((other) => migrate(other, [ONE, TWO])));
    await Promise.all(others.map((other) => other.end()));
    expect(ran.flat().sort()).toEqual([ONE.name, TWO.name]);
    expect(await numbers()).toEqual([1, 2]);
  });

  // The PostgreSQL of these tests runs one transaction at a time, lock or no lock.
  test("waits at most 5 seconds for a table, and lets PostgreSQL end its transaction if its task is lost", async () => {
    const settings =
      "current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')";
    await migrate(sql, [
      step(
        "0001_one.sql",
        `CREATE TABLE cipherwatch.seen AS SELECT ARRAY[${settings}] AS settings`,
      ),
    ]);
    expect(await sql`SELECT settings FROM cipherwatch.seen`).toEqual([{ settings: "{5s,1min}" }]);
  });

  test("holds the advisory lock while it runs", async () => {
    const locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted";
    const sees = `CREATE TABLE cipherwatch.log (n int); INSERT INTO cipherwatch.log ${locks}`;
    await migrate(sql, [step("0001_sees.sql", sees)]);
    expect(await numbers()).toEqual([1]);
    expect(await sql.unsafe(locks)).toEqual([{ count: "0" }]);
  });

  test("applies no migration when one fails", async () => {
    await migrate(sql, [ONE]);
    const broken = step("0003_broken.sql", "INSERT INTO cipherwatch.nowhere VALUES (3)");
    await expect(migrate(sql, [ONE, TWO, broken])).rejects.toThrow(
      'Migration "0003_broken.sql" failed with SQLSTATE 42P01',
    );
    expect(await numbers()).toEqual([1]);
    expect(await migrate(sql, [ONE, TWO])).toEqual([TWO.name]);
  });

  test("rejects a migration that changed after it was applied", async () => {
    await migrate(sql, [ONE]);
    const changed = { ...ONE, checksum: "other" };
    await expect(migrate(sql, [changed])).rejects.toThrow(
      '"0001_one.sql" changed after it was applied',
    );
  });

  test("rejects a migration that sorts before an applied one", async () => {
    const early = step("0000_early.sql", "SELECT 1");
    await migrate(sql, [ONE]);
    await expect(migrate(sql, [early, ONE])).rejects.toThrow('sorts before "0001_one.sql"');
  });

  test("accepts a newer schema, so that older code can be rolled back to", async () => {
    await migrate(sql, [ONE, TWO]);
    expect(await migrate(sql, [ONE])).toEqual([]);
    expect(await numbers()).toEqual([1, 2]);
  });
});

/** What exists in the schema, and of what kind it is: columns, indexes and validated constraints, by name. */
async function readSchema(): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<{ name: string; kind: string }[]>`
    SELECT format('column %s.%s', relname, attname) AS name, format('%s%s%s', format_type(atttypid, atttypmod),
        CASE WHEN attnotnull THEN ' NOT NULL' END, CASE WHEN atthasdef THEN ' DEFAULT' END) AS kind
      FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
      WHERE relnamespace = 'cipherwatch'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('constraint %s.%s', relname, conname), 'validated'
      FROM pg_constraint JOIN pg_class c ON c.oid = conrelid
      WHERE relnamespace = 'cipherwatch'::regnamespace AND convalidated AND contype <> 'n'
    UNION ALL SELECT format('index %s.%s', t.relname, i.relname), 'index'
      FROM pg_index JOIN pg_class t ON t.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
      WHERE t.relnamespace = 'cipherwatch'::regnamespace`;
  return new Map(rows.map(({ name, kind }) => [name, kind]));
}

/** @returns the changes of existing tables that would break the version that serves meanwhile, or lock them for long */
function breakingChanges(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const tableOf = (name: string) => /^\w+ (\w+)/.exec(name)?.[1];
  const tables = new Set([...before.keys()].map(tableOf));
  const removed = [...before]
    // A column may become nullable, but the earlier version may rely on its default.
    .filter(([name, kind]) => {
      const now = after.get(name);
      return name.startsWith("column") && now !== kind && now !== kind.replace(" NOT NULL", "");
    })
    .map(([name, kind]) => `${name} was ${kind}, is ${after.get(name) ?? "removed"}`);
  const added = [...after]
    .filter(([name]) => !before.has(name) && tables.has(tableOf(name)))
    .filter(([name, kind]) => !name.startsWith("column") || kind.endsWith(" NOT NULL"))
    .map(([name, kind]) => `${name} is new: ${kind}`);
  return [...removed, ...added];
}

describe("the previous version, which serves during a migration and after a rollback,", () => {
  test("finds every column that it uses, and waits for no scan of a table", async () => {
    const migrations = readMigrations(MIGRATIONS);
    let before: ReadonlyMap<string, string> = new Map();
    for (const [index, { name }] of migrations.entries()) {
      await migrate(sql, migrations.slice(0, index + 1));
      const after = await readSchema();
      expect(breakingChanges(before, after), name).toEqual([]);
      before = after;
    }
    expect(before.get("column records.expires")).toBe("timestamp with time zone");
  });

  test.each([
    ["DROP COLUMN b", "column t.b was text NOT NULL DEFAULT, is removed"],
    ["RENAME COLUMN b TO c", "column t.b was text NOT NULL DEFAULT, is removed"],
    ["RENAME TO other", "column t.a was integer, is removed"],
    ["ALTER COLUMN a TYPE bigint", "column t.a was integer, is bigint"],
    ["ALTER COLUMN a SET NOT NULL", "column t.a was integer, is integer NOT NULL"],
    ["ALTER COLUMN b DROP DEFAULT", "column t.b was text NOT NULL DEFAULT, is text NOT NULL"],
    ["ADD COLUMN c text NOT NULL", "column t.c is new: text NOT NULL"],
    ["ADD CONSTRAINT c CHECK (a > 0)", "constraint t.c is new: validated"],
    ["ADD CONSTRAINT c UNIQUE (a)", "index t.c is new: index"],
  ])("is protected from ALTER TABLE … %s", async (change, problem) => {
    const created = step(
      "0001_t.sql",
      "CREATE TABLE cipherwatch.t (a int, b text NOT NULL DEFAULT '')",
    );
    await migrate(sql, [created]);
    const before = await readSchema();
    await migrate(sql, [created, step("0002_c.sql", `ALTER TABLE cipherwatch.t ${change}`)]);
    expect(breakingChanges(before, await readSchema())).toContain(problem);
  });
});

describe("readMigrations", () => {
  const folder = mkdtempSync(join(tmpdir(), "migrations-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("reads files in order and rejects an invalid name or a duplicate number", () => {
    writeFileSync(join(folder, "0002_b.sql"), "SELECT 2");
    writeFileSync(join(folder, "0001_a.sql"), "SELECT 1");
    expect(readMigrations(folder)).toMatchObject([
      {
        name: "0001_a.sql",
        sql: "SELECT 1",
        checksum: "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5",
      },
      { name: "0002_b.sql", sql: "SELECT 2" },
    ]);
    writeFileSync(join(folder, "0002_c.sql"), "SELECT 3");
    expect(() => readMigrations(folder)).toThrow(
      '"0002_c.sql" has the same number as another migration',
    );
    rmSync(join(folder, "0002_c.sql"));
    writeFileSync(join(folder, "later.sql"), "SELECT 4");
    expect(() => readMigrations(folder)).toThrow('"later.sql" must be named NNNN_what_it_does.sql');
  });
});

describe("grantService", () => {
  afterEach(async () => {
    await sql`DROP OWNED BY service_role`.catch(() => {});
    await sql`DROP ROLE IF EXISTS service_role`;
    await sql`DROP ROLE IF EXISTS rds_iam`;
  });

  test("changes nothing without the role rds_iam", async () => {
    await migrate(sql, readMigrations(MIGRATIONS));
    expect(await grantService(sql, "service_role")).toBe(false);
    expect(await sql`SELECT FROM pg_roles WHERE rolname = 'service_role'`).toHaveLength(0);
  });

  test("creates a role that signs in only with IAM and may select, insert and delete records", async () => {
    await sql`CREATE ROLE rds_iam`;
    await migrate(sql, readMigrations(MIGRATIONS));
    expect(await grantService(sql, "service_role")).toBe(true);
    expect(await grantService(sql, "service_role")).toBe(true);
    const [role] = await sql`
      SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls,
        pg_has_role('service_role', 'rds_iam', 'MEMBER') AS iam
      FROM pg_roles WHERE rolname = 'service_role'`;
    expect(role).toEqual({
      rolcanlogin: true,
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolbypassrls: false,
      iam: true,
    });

    const asService = (statement: string) =>
      sql.begin(async (transaction) => {
        await transaction`SET LOCAL ROLE service_role`;
        return await transaction.unsafe(statement);
      });
    const values = `(gen_random_uuid(), 'n', '\\x00', 'arn', decode(repeat('00', 12), 'hex'), decode(repeat('00', 16), 'hex'), 1)`;
    const columns = "(id, name, wrapped_key, kms_key_arn, nonce, ciphertext, format_version)";
    await asService(`INSERT INTO cipherwatch.records ${columns} VALUES ${values}`);
    expect(await asService("SELECT name FROM cipherwatch.records")).toHaveLength(1);
    for (const denied of [
      "UPDATE cipherwatch.records SET name = 'other'",
      "TRUNCATE cipherwatch.records",
      "DROP TABLE cipherwatch.records",
      "CREATE TABLE cipherwatch.mine ()",
      "SELECT * FROM cipherwatch.migrations",
    ]) {
      await expect(asService(denied), denied).rejects.toMatchObject({ code: "42501" });
    }
    const forgotten = "cipherwatch.forgotten (id, name, wrapped_key)";
    await asService(
      `INSERT INTO ${forgotten} SELECT id, name, wrapped_key FROM cipherwatch.records`,
    );
    await expect(
      asService("UPDATE cipherwatch.forgotten SET forgotten = now()"),
    ).rejects.toMatchObject({ code: "42501" });
    await asService("DELETE FROM cipherwatch.forgotten");
    await asService("INSERT INTO cipherwatch.quota_usage VALUES ('client', 'decrypts-day', 1, 1)");
    await asService("UPDATE cipherwatch.quota_usage SET taken = 2");
    await asService("DELETE FROM cipherwatch.quota_usage");
    await asService("INSERT INTO cipherwatch.expiries SELECT now(), id FROM cipherwatch.records");
    await asService("SELECT FROM cipherwatch.expiries FOR UPDATE SKIP LOCKED");
    await asService("DELETE FROM cipherwatch.expiries");
    await asService("INSERT INTO cipherwatch.erasure_progress (applied) VALUES (now())");
    await asService("UPDATE cipherwatch.erasure_progress SET applied = now()");
    await expect(asService("DELETE FROM cipherwatch.erasure_progress")).rejects.toMatchObject({
      code: "42501",
    });
    await asService("DELETE FROM cipherwatch.records");
    expect(await sql`SELECT FROM cipherwatch.records`).toHaveLength(0);
  });

  test("creates a role for the rewrap worker that reads no content and changes only data keys", async () => {
    await sql`CREATE ROLE rds_iam`;
    await migrate(sql, readMigrations(MIGRATIONS));
    expect(await grantRewrap(sql, "rewrap_role")).toBe(true);
    expect(await grantRewrap(sql, "rewrap_role")).toBe(true);
    const asWorker = (statement: string) =>
      sql.begin(async (transaction) => {
        await transaction`SET LOCAL ROLE rewrap_role`;
        return await transaction.unsafe(statement);
      });
    await asWorker(
      "SELECT id, wrapped_key, kms_key_arn, key_digest, client FROM cipherwatch.records",
    );
    await asWorker("UPDATE cipherwatch.records SET wrapped_key = '\\x00', kms_key_arn = 'arn'");
    for (const denied of [
      "SELECT name FROM cipherwatch.records",
      "SELECT ciphertext FROM cipherwatch.records",
      "UPDATE cipherwatch.records SET client = 'c-1'",
      "UPDATE cipherwatch.records SET ciphertext = '\\x00'",
      "DELETE FROM cipherwatch.records",
      "SELECT id FROM cipherwatch.forgotten",
    ]) {
      await expect(asWorker(denied), denied).rejects.toMatchObject({ code: "42501" });
    }
  });
});
