import type { Sql } from "postgres";
import type { Database } from "./database.ts";
import type { SealedContent, SealedRecord } from "./vault.ts";

/** Stored records. Every operation throws DatabaseUnavailable when PostgreSQL fails. */
export interface Store {
  /** Resolves once the record is committed. */
  readonly insert: (record: SealedRecord) => Promise<void>;
  /** The wrapped key of the record with this id and name, else of the newest with the name. */
  readonly findWrappedKey: (id: string, name: string) => Promise<Uint8Array | undefined>;
  /** Same as `findWrappedKey`, but also finds the record if it was removed in the last 24 hours. */
  readonly findWrappedKeyToRemove: (id: string, name: string) => Promise<Uint8Array | undefined>;
  readonly readContent: (id: string, name: string) => Promise<SealedContent | undefined>;
  /**
   * Deletes a record, except for its id, name and wrapped key. Resolves once the deletion is committed.
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
    async insert({ id, name, wrappedKey, kmsKeyArn, nonce, ciphertext, formatVersion }) {
      await database.query(
        (sql) => sql`
          INSERT INTO cipherwatch.records
            (id, name, wrapped_key, kms_key_arn, nonce, ciphertext, format_version)
          VALUES
            (${id}, ${name}, ${wrappedKey}, ${kmsKeyArn}, ${nonce}, ${ciphertext}, ${formatVersion})`,
      );
    },

    // Always run both branches and return rows of one form: neither response time nor size may reveal
    // whether the id exists.
    async findWrappedKey(id, name) {
      const [row] = await database.query(
        (sql) => sql<{ wrapped_key: Buffer }[]>`
          (SELECT wrapped_key, 0 AS preference
           FROM cipherwatch.records WHERE id = ${id} AND name = ${name})
          UNION ALL
          (SELECT wrapped_key, 1
           FROM cipherwatch.records WHERE name = ${name}
           ORDER BY created DESC LIMIT 1)
          ORDER BY preference LIMIT 1`,
      );
      return row?.wrapped_key;
    },

    async findWrappedKeyToRemove(id, name) {
      const [row] = await database.query(
        (sql) => sql<{ wrapped_key: Buffer }[]>`
          (SELECT wrapped_key, 0 AS preference
           FROM cipherwatch.records WHERE id = ${id} AND name = ${name})
          UNION ALL
          (SELECT wrapped_key, 0
           FROM cipherwatch.forgotten WHERE id = ${id} AND name = ${name}
             AND forgotten > clock_timestamp() - ${REPEATABLE}::interval)
          UNION ALL
          (SELECT wrapped_key, 1
           FROM cipherwatch.records WHERE name = ${name}
           ORDER BY created DESC LIMIT 1)
          ORDER BY preference LIMIT 1`,
      );
      return row?.wrapped_key;
    },

    async readContent(id, name) {
      const [row] = await database.query(
        (sql) => sql<{ nonce: Buffer; ciphertext: Buffer; format_version: number }[]>`
          SELECT nonce, ciphertext, format_version
          FROM cipherwatch.records WHERE id = ${id} AND name = ${name}`,
      );
      if (row === undefined) return undefined;
      const { nonce, ciphertext, format_version: formatVersion } = row;
      return { nonce, ciphertext, formatVersion };
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
      RETURNING id, name, wrapped_key
    )
    INSERT INTO cipherwatch.forgotten (id, name, wrapped_key) SELECT * FROM removed`;
}
