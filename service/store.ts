import type { PendingQuery, Row, Sql } from "postgres";
import type { Database } from "./database.ts";
import type { CheckApplied } from "./erasures.ts";
import type { SealedContent, SealedRecord, StoredCandidate } from "./vault.ts";

/**
 * Stored records. Every operation throws DatabaseUnavailable when PostgreSQL fails. A signal aborts an operation that still
 * waits for a connection.
 */
export interface Store {
  /** Resolves once the record is committed. */
  readonly insert: (record: SealedRecord, signal?: AbortSignal) => Promise<void>;
  /**
   * The record with this id and name, unless it has expired, else the newest other record with the name. That one
   * may have expired.
   */
  readonly findCandidate: FindCandidate;
  /** Same as `findCandidate`, but also finds the record if it was removed in the last 24 hours. */
  readonly findCandidateToRemove: FindCandidate;
  readonly readContent: (
    id: string,
    name: string,
    signal?: AbortSignal,
  ) => Promise<SealedContent | undefined>;
  /**
   * Deletes a record, except for what a repeated removal needs to verify its Key. Resolves once the deletion is committed.
   * Succeeds when there is no such record.
   */
  readonly remove: (id: string, name: string) => Promise<void>;
  /** Deletes what is left of records that were removed more than 24 hours ago. */
  readonly purge: () => Promise<void>;
  /** Deletes a batch of expired records, without those that another task is deleting. */
  readonly deleteExpired: () => Promise<ExpiredBatch>;
  /** Resolves when records are readable. */
  readonly check: () => Promise<void>;
}

type FindCandidate = (
  id: string,
  name: string,
  signal?: AbortSignal,
) => Promise<StoredCandidate | undefined>;

export interface ExpiredBatch {
  /** Number of records that were deleted. */
  readonly deleted: number;
  /** Whether another batch may be due. */
  readonly isFull: boolean;
}

/** How long /forget may be repeated. The contract states it. */
const REPEATABLE = "24 hours";

/** Records in a batch. Deleting 100 Texts of the maximum size takes less than the statement timeout. */
const EXPIRED_BATCH = 100;

/**
 * @param now milliseconds since the epoch: the time by which records expire
 * @param requireApplied called before each lookup; the function that it returns gets the progress of erasures that the
 *   lookup read, in milliseconds since the epoch, and may throw. Ignores the progress by default
 */
export function createStore(
  database: Database,
  now: () => number,
  requireApplied: () => CheckApplied = () => () => {},
): Store {
  return {
    async insert(record, signal) {
      await database.query((sql) => insertRecord(sql, record), signal);
    },

    async findCandidate(id, name, signal) {
      const at = new Date(now());
      const checkApplied = requireApplied();
      const [row] = await database.read((sql) => lookup(sql, { id, name, at }, sql``), signal);
      return candidateOf(row, checkApplied);
    },

    async findCandidateToRemove(id, name, signal) {
      const at = new Date(now());
      const checkApplied = requireApplied();
      const [row] = await database.read(
        (sql) => lookup(sql, { id, name, at }, removedRecord(sql, id, name)),
        signal,
      );
      return candidateOf(row, checkApplied);
    },

    async readContent(id, name, signal) {
      const [row] = await database.read(
        (sql) => sql<{ nonce: Buffer; ciphertext: Buffer }[]>`
          SELECT nonce, ciphertext
          FROM cipherwatch.records WHERE id = ${id} AND name = ${name}`,
        signal,
      );
      return row && { nonce: row.nonce, ciphertext: row.ciphertext };
    },

    async remove(id, name) {
      await database.query((sql) => moveToForgotten(sql, id, name));
    },

    async purge() {
      await database.query(
        (sql) => sql`
          DELETE FROM cipherwatch.forgotten
          WHERE forgotten <= clock_timestamp() - ${REPEATABLE}::interval`,
      );
    },

    async deleteExpired() {
      const [row] = await database.query((sql) => deleteBatch(sql, new Date(now())));
      return { deleted: row.deleted, isFull: row.due === EXPIRED_BATCH };
    },

    async check() {
      await database.read((sql) => sql`SELECT FROM cipherwatch.records LIMIT 0`);
    },
  };
}

function insertRecord(sql: Sql, record: SealedRecord) {
  const { id, name, wrappedKey, kmsKeyArn, nonce, ciphertext, formatVersion } = record;
  const { keyDigest = null, client = null, expires = null } = record;
  return sql`
    WITH inserted AS (
      INSERT INTO cipherwatch.records
        (id, name, wrapped_key, kms_key_arn, nonce, ciphertext, format_version, key_digest, client, expires)
      VALUES
        (${id}, ${name}, ${wrappedKey}, ${kmsKeyArn}, ${nonce}, ${ciphertext}, ${formatVersion},
         ${keyDigest}, ${client}, ${expires})
      RETURNING id, expires
    )
    INSERT INTO cipherwatch.expiries (id, expires)
    SELECT id, expires FROM inserted WHERE expires IS NOT NULL`;
}

/** Deletes records that expired until a time. Skips those that another task is deleting. */
function deleteBatch(sql: Sql, until: Date) {
  return sql<[{ due: number; deleted: number }]>`
    WITH due AS (
      SELECT expires, id FROM cipherwatch.expiries WHERE expires <= ${until}
      ORDER BY expires LIMIT ${EXPIRED_BATCH} FOR UPDATE SKIP LOCKED
    ), deleted AS (
      DELETE FROM cipherwatch.records WHERE id IN (SELECT id FROM due) RETURNING id
    ), done AS (
      DELETE FROM cipherwatch.expiries WHERE (expires, id) IN (SELECT expires, id FROM due) RETURNING id
    )
    SELECT (SELECT count(*) FROM done)::integer AS due,
      (SELECT count(*) FROM deleted)::integer AS deleted`;
}

/** A record that was copied back from a backup within 24 hours is already in `forgotten`. */
function moveToForgotten(sql: Sql, id: string, name: string) {
  return sql`
    WITH removed AS (
      DELETE FROM cipherwatch.records WHERE id = ${id} AND name = ${name}
      RETURNING id, name, wrapped_key, kms_key_arn, format_version, client
    )
    INSERT INTO cipherwatch.forgotten
      (id, name, wrapped_key, kms_key_arn, format_version, client) SELECT * FROM removed
    ON CONFLICT (id) DO NOTHING`;
}

/**
 * Reads the record with the id, else one from `removed`, else the newest other record with the name, else a placeholder
 * of the same size. Always runs all branches and returns one row of one form: neither response time nor size may reveal
 * whether the id or the Name exists. The other record is never the one with the id, so that KMS rejects the Key of an
 * expired record. KMS returns 184 bytes for a data key.
 * @param removed a branch that ends with UNION ALL, or nothing
 */
function lookup(
  sql: Sql,
  { id, name, at }: { readonly id: string; readonly name: string; readonly at: Date },
  removed: PendingQuery<Row[]>,
) {
  // The progress is read by the same statement, so that both are of the same database.
  return sql<[LookupRow]>`
    SELECT (SELECT applied FROM cipherwatch.erasure_progress) AS applied, candidate.* FROM (
      (SELECT wrapped_key, kms_key_arn, format_version, client, expires, 0 AS preference
       FROM cipherwatch.records WHERE id = ${id} AND name = ${name} AND (expires IS NULL OR expires > ${at}))
      UNION ALL
      ${removed}
      (SELECT wrapped_key, kms_key_arn, format_version, client, expires, 1
       FROM cipherwatch.records WHERE name = ${name} AND id <> ${id}
       ORDER BY created DESC LIMIT 1)
      UNION ALL
      (SELECT decode(repeat('00', 184), 'hex'), repeat('0', 75), 0::smallint, repeat('0', 22), NULL::timestamptz, 2)
      ORDER BY preference LIMIT 1
    ) AS candidate`;
}

/** A branch of the lookup: the record, if it was removed so recently that /forget may be repeated. */
function removedRecord(sql: Sql, id: string, name: string) {
  return sql`
    (SELECT wrapped_key, kms_key_arn, format_version, client, NULL, 0
     FROM cipherwatch.forgotten WHERE id = ${id} AND name = ${name}
       AND forgotten > clock_timestamp() - ${REPEATABLE}::interval)
    UNION ALL`;
}

/** The preference of the row that stands for no record. */
const PLACEHOLDER = 2;

interface LookupRow {
  readonly applied: Date | null;
  readonly wrapped_key: Buffer;
  readonly kms_key_arn: string | null;
  readonly format_version: number;
  readonly client: string | null;
  readonly expires: Date | null;
  /** 0 for the record with the id, 1 for another record of the name, `PLACEHOLDER` for none. */
  readonly preference: number;
}

function candidateOf(row: LookupRow, checkApplied: CheckApplied): StoredCandidate | undefined {
  checkApplied(row.applied?.getTime());
  if (row.preference === PLACEHOLDER) return undefined;
  const { format_version: formatVersion, client, expires } = row;
  const format = { formatVersion, client: client ?? undefined, expires: expires ?? undefined };
  return {
    wrappedKey: row.wrapped_key,
    kmsKeyArn: row.kms_key_arn ?? undefined,
    format: row.preference === 0 ? format : undefined,
  };
}
