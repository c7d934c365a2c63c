import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sql, TransactionSql } from "postgres";
import { connect, createOpenOnce } from "./database.ts";
import { parseMigrationEnvironment } from "./environment.ts";
import { OperatorError } from "./operator-error.ts";
import { createLogger, errorFields, type Logger } from "./telemetry.ts";

export interface Migration {
  /** File name, `NNNN_what.sql`. Migrations run in the order of their names. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, hex. */
  readonly checksum: string;
}

/** Key of the advisory lock that serializes migrations. */
const LOCK = 0x63697068;

/** How long to wait for other tasks that migrate. */
const LOCK_TIMEOUT = "60s";

/**
 * How long a migration may wait for a table that another session reads, such as a dump. The statements of requests wait
 * behind it meanwhile. Shorter than the deadline of a request.
 */
const TABLE_LOCK_TIMEOUT = "5s";

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOCK_NOT_AVAILABLE = "55P03";

/** After which PostgreSQL ends the transaction of a task that was lost without closing its connection, with its locks. */
const IDLE_TIMEOUT = "60s";

/** Reads the migrations of a folder. @throws OperatorError on an invalid file name or a duplicate number */
export function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder).sort();
  const numbers = new Set<string>();
  return names.map((name) => {
    const number = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1];
    if (number === undefined) {
      throw new OperatorError(
        `Migration "${name}" must be named NNNN_what_it_does.sql, in lower case.`,
      );
    }
    if (numbers.has(number)) {
      throw new OperatorError(
        `Migration "${name}" has the same number as another migration; use the next free number.`,
      );
    }
    numbers.add(number);
    const sql = readFileSync(join(folder, name), "utf8");
    return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
  });
}

/**
 * Applies all pending migrations in one transaction. Tasks that start together wait for each other on an
 * advisory lock.
 *
 * Ignores applied migrations that this version does not know: after a rollback, older code runs on a newer
 * schema, so every migration must keep the previous version of the code working.
 *
 * @returns the names of the migrations that were applied
 * @throws OperatorError when a migration fails, changed after it was applied, or sorts before an applied one
 */
export async function migrate(sql: Sql, migrations: readonly Migration[]): Promise<string[]> {
  return await sql.begin(async (transaction) => {
    await waitForOthers(transaction);
    await transaction`CREATE SCHEMA IF NOT EXISTS cipherwatch`;
    await transaction`
      CREATE TABLE IF NOT EXISTS cipherwatch.migrations (
        name text PRIMARY KEY,
        checksum text NOT NULL,
        applied timestamptz NOT NULL DEFAULT now()
      )`;
    const applied = await transaction<{ name: string; checksum: string }[]>`
      SELECT name, checksum FROM cipherwatch.migrations ORDER BY name COLLATE "C"`;
    const pending = pendingOf(migrations, applied);
    for (const { name, sql, checksum } of pending) {
      await transaction.unsafe(sql).catch((cause: unknown) => {
        const state = cause instanceof Error && "code" in cause ? cause.code : "unknown";
        const hint =
          state === LOCK_NOT_AVAILABLE
            ? " Another session, such as a dump, holds a lock on its table; deploy again when it has ended."
            : "";
        throw new OperatorError(
          `Migration "${name}" failed with SQLSTATE ${state}; no migration was applied.${hint}`,
          { cause },
        );
      });
      await transaction`
        INSERT INTO cipherwatch.migrations (name, checksum) VALUES (${name}, ${checksum})`;
    }
    return pending.map(({ name }) => name);
  });
}

/** Lets one task migrate at a time. Rejects with SQLSTATE 55P03 after `LOCK_TIMEOUT`. */
async function waitForOthers(transaction: TransactionSql): Promise<void> {
  await transaction.unsafe(
    `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'; SET LOCAL idle_in_transaction_session_timeout = '${IDLE_TIMEOUT}'`,
  );
  await transaction`SELECT pg_advisory_xact_lock(${LOCK})`;
  await transaction.unsafe(`SET LOCAL lock_timeout = '${TABLE_LOCK_TIMEOUT}'`);
}

function pendingOf(
  migrations: readonly Migration[],
  applied: readonly { readonly name: string; readonly checksum: string }[],
): Migration[] {
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  const known = new Set(migrations.map(({ name }) => name));
  const newest = applied.findLast(({ name }) => known.has(name))?.name ?? "";
  return migrations.filter(({ name, checksum }) => {
    const ran = checksums.get(name);
    if (ran === checksum) return false;
    if (ran !== undefined) {
      throw new OperatorError(
        `Migration "${name}" changed after it was applied: its SHA-256 is ${checksum}, but ${ran} was applied. ` +
          "Restore the file and make the change in a new migration.",
      );
    }
    if (name < newest) {
      throw new OperatorError(
        `Migration "${name}" sorts before "${newest}", which is already applied. Give it a later number.`,
      );
    }
    return true;
  });
}

/**
 * Creates the service's database role, which can only sign in with IAM authentication, and grants it SELECT,
 * INSERT and DELETE on records and forgotten records (not UPDATE: the service never changes records), and UPDATE
 * also on the usage of quotas, the progress of erasures, and expiries, whose rows it locks.
 *
 * @returns false, without any change, on a PostgreSQL outside RDS, which has no role `rds_iam`
 */
export async function grantService(sql: Sql, role: string): Promise<boolean> {
  return await grantRole(sql, role, async (transaction) => {
    await transaction`
      GRANT SELECT, INSERT, DELETE ON cipherwatch.records, cipherwatch.forgotten
      TO ${transaction(role)}`;
    await transaction`
      GRANT SELECT, INSERT, UPDATE, DELETE ON cipherwatch.quota_usage, cipherwatch.expiries
      TO ${transaction(role)}`;
    await transaction`
      GRANT SELECT, INSERT, UPDATE ON cipherwatch.erasure_progress TO ${transaction(role)}`;
  });
}

/**
 * Creates the role that moves records to another KMS key. It reads neither Names nor ciphertexts, and changes
 * only the wrapped data key and its KMS key.
 *
 * @returns false, without any change, on a PostgreSQL outside RDS
 */
export async function grantRewrap(sql: Sql, role: string): Promise<boolean> {
  return await grantRole(sql, role, async (transaction) => {
    await transaction`
      GRANT SELECT (id, wrapped_key, kms_key_arn, format_version, key_digest, client),
        UPDATE (wrapped_key, kms_key_arn) ON cipherwatch.records TO ${transaction(role)}`;
  });
}

async function grantRole(
  sql: Sql,
  role: string,
  grant: (transaction: TransactionSql) => Promise<void>,
): Promise<boolean> {
  return await sql.begin(async (transaction) => {
    await waitForOthers(transaction);
    if (!(await roleExists(transaction, "rds_iam"))) return false;
    const name = transaction(role);
    if (!(await roleExists(transaction, role))) await transaction`CREATE ROLE ${name} LOGIN`;
    await transaction`GRANT rds_iam TO ${name}`;
    await transaction`GRANT USAGE ON SCHEMA cipherwatch TO ${name}`;
    await grant(transaction);
    return true;
  });
}

async function roleExists(transaction: TransactionSql, role: string): Promise<boolean> {
  const rows = await transaction`SELECT FROM pg_roles WHERE rolname = ${role}`;
  return rows.length > 0;
}

async function main(logger: Logger): Promise<void> {
  const { database, serviceRole, rewrapRole } = parseMigrationEnvironment(process.env);
  const sql = connect(database, { max: 1, connect_timeout: 10, socket: createOpenOnce() });
  try {
    const ran = await migrate(sql, readMigrations(join(import.meta.dirname, "migrations")));
    logger.info({ migrations: ran }, ran.length === 0 ? "schema is up to date" : "schema migrated");
    for (const [role, grant] of [
      [serviceRole, grantService],
      [rewrapRole, grantRewrap],
    ] as const) {
      if (role === undefined) continue;
      const granted = await grant(sql, role);
      logger.info(
        { role },
        granted ? "role granted" : "role skipped: this PostgreSQL has no rds_iam",
      );
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}

if (import.meta.main) {
  const logger = createLogger({ level: "info" });
  try {
    await main(logger);
  } catch (error) {
    logger.fatal(errorFields(error), "migration failed");
    process.exitCode = 1;
  }
}
