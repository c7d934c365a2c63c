import type { Sql } from "postgres";
import type { Database } from "./database.ts";
import type { SealedContent, SealedRecord, StoredCandidate } from "./vault.ts";

/** Stored records. Every operation throws DatabaseUnavailable when PostgreSQL fails. */
export interface Store {
  /** Resolves once the record is committed. */
  readonly insert: (record: SealedRecord) => Promise<void>;
  /** The record with this id and name, else the newest with the name. */
  readonly findCandidate: (id: string, name: string) => Promise<StoredCandidate | undefined>;
  /** Same as `findCandidate`, but also finds the record if it was removed in the last 24 hours. */
  readonly findCandidateToRemove: (
    id: string,
    name: string,
  ) => Promise<StoredCandidate | undefined>;
  readonly readContent: (id: string, name: string) => Promise<SealedContent | undefined>;
  /**
   * Deletes a record, except for what a repeated removal needs to verify its Key. Resolves once the deletion is committed.
   * Succeeds when there is no such record.
   */
  readonly remove: (id: string, name: string) => Promise<void>;
  /** Deletes what is left of records that were removed more than 24 hours ago. */
  readonly purge: () => Promise<void>;
  /** Resolves when records are readable. */
  readonly check: () => Promise<void>;
}

/** How long /forget may be repeated. The contract states it. */
const REPEATABLE = "24 hours";

export function createStore(database: Database): Store {
  return {
    async insert(record) {
      const { id, name, wrappedKey, kmsKeyArn, nonce, ciphertext, formatVersion } = record;
      const { keyDigest = null, client = null } = record;
      await database.query(
        (sql) => sql`
          INSERT INTO cipherwatch.records
            (id, name, wrapped_key, kms_key_arn, nonce, ciphertext, format_version, key_digest, client)
          VALUES
            (${id}, ${name}, ${wrappedKey}, ${kmsKeyArn}, ${nonce}, ${ciphertext}, ${formatVersion},
             ${keyDigest}, ${client})`,
      );
    },

    // Always run both branches and return rows of one form: neither response time nor size may reveal
    // whether the id exists.
    async findCandidate(id, name) {
      const [row] = await database.query(
        (sql) => sql<CandidateRow[]>`
          (SELECT wrapped_key, kms_key_arn, format_version, client, 0 AS preference
           FROM cipherwatch.records WHERE id = ${id} AND name = ${name})
          UNION ALL
          (SELECT wrapped_key, kms_key_arn, format_version, client, 1
           FROM cipherwatch.records WHERE name = ${name}
           ORDER BY created DESC LIMIT 1)
          ORDER BY preference LIMIT 1`,
      );
      return candidateOf(row);
    },

    async findCandidateToRemove(id, name) {
      const [row] = await database.query(
        (sql) => sql<CandidateRow[]>`
          (SELECT wrapped_key, kms_key_arn, format_version, client, 0 AS preference
           FROM cipherwatch.records WHERE id = ${id} AND name = ${name})
          UNION ALL
          (SELECT wrapped_key, kms_key_arn, format_version, client, 0
           FROM cipherwatch.forgotten WHERE id = ${id} AND name = ${name}
             AND forgotten > clock_timestamp() - ${REPEATABLE}::interval)
          UNION ALL
          (SELECT wrapped_key, kms_key_arn, format_version, client, 1
           FROM cipherwatch.records WHERE name = ${name}
           ORDER BY created DESC LIMIT 1)
          ORDER BY preference LIMIT 1`,
      );
      return candidateOf(row);
    },

    async readContent(id, name) {
      const [row] = await database.query(
        (sql) => sql<{ nonce: Buffer; ciphertext: Buffer }[]>`
          SELECT nonce, ciphertext
          FROM cipherwatch.records WHERE id = ${id} AND name = ${name}`,
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

    async check() {
      await database.query((sql) => sql`SELECT FROM cipherwatch.records LIMIT 0`);
    },
  };
}

function moveToForgotten(sql: Sql, id: string, name: string) {
  return sql`
    WITH removed AS (
      DELETE FROM cipherwatch.records WHERE id = ${id} AND name = ${name}
      RETURNING id, name, wrapped_key, kms_key_arn, format_version, client
    )
    INSERT INTO cipherwatch.forgotten
      (id, name, wrapped_key, kms_key_arn, format_version, client) SELECT * FROM removed`;
}

interface CandidateRow {
  readonly wrapped_key: Buffer;
  readonly kms_key_arn: string | null;
  readonly format_version: number;
  readonly client: string | null;
  /** 0 for the record with the id, 1 for another record of the name. */
  readonly preference: number;
}

function candidateOf(row: CandidateRow | undefined): StoredCandidate | undefined {
  if (row === undefined) return undefined;
  const { format_version: formatVersion, client } = row;
  return {
    wrappedKey: row.wrapped_key,
    kmsKeyArn: row.kms_key_arn ?? undefined,
    format: row.preference === 0 ? { formatVersion, client: client ?? undefined } : undefined,
  };
}
