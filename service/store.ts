import type { Database } from "./database.ts";
import type { Candidate, SealedRecord } from "./vault.ts";

/** Stored records. Every operation throws DatabaseUnavailable when PostgreSQL fails. */
export interface Store {
  /** Resolves once the record is committed. */
  readonly insert: (record: SealedRecord) => Promise<void>;
  /** Finds the record with this id and name, else the newest with the name, else undefined. */
  readonly find: (id: string, name: string) => Promise<Candidate | undefined>;
  /** Resolves once the deletion is committed. Succeeds when there is no such record. */
  readonly remove: (id: string, name: string) => Promise<void>;
  /** Resolves when records are readable. */
  readonly check: () => Promise<void>;
}

interface Row {
  readonly id: string;
  readonly wrapped_key: Buffer;
  readonly nonce: Buffer | null;
  readonly ciphertext: Buffer | null;
  readonly format_version: number;
}

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

    // Always run both branches, and never return the fallback row's ciphertext: response time would
    // reveal whether the id exists.
    async find(id, name) {
      const rows = await database.query(
        (sql) => sql<Row[]>`
          SELECT id, wrapped_key, nonce, ciphertext, format_version
          FROM cipherwatch.records WHERE id = ${id} AND name = ${name}
          UNION ALL
          (SELECT id, wrapped_key, NULL, NULL, format_version
           FROM cipherwatch.records WHERE name = ${name}
           ORDER BY created DESC LIMIT 1)`,
      );
      const row = rows.find((row) => row.ciphertext !== null) ?? rows[0];
      if (row === undefined) return undefined;
      const { wrapped_key: wrappedKey, nonce, ciphertext, format_version: formatVersion } = row;
      if (nonce === null || ciphertext === null) return { wrappedKey };
      return { wrappedKey, sealed: { nonce, ciphertext, formatVersion } };
    },

    async remove(id, name) {
      await database.query(
        (sql) => sql`DELETE FROM cipherwatch.records WHERE id = ${id} AND name = ${name}`,
      );
    },

    async check() {
      await database.query((sql) => sql`SELECT FROM cipherwatch.records LIMIT 0`);
    },
  };
}
