import type { Sql } from "postgres";
import type { Database } from "./database.ts";

/** What the database knows of the ledger. Every operation throws DatabaseUnavailable when PostgreSQL fails. */
export interface ErasureStore {
  /** Until when the ledger has been applied to the database, in milliseconds since the epoch; undefined for never. */
  readonly progress: () => Promise<number | undefined>;
  /** Deletes the records with these ids, as `/forget` does. @returns how many there were */
  readonly erase: (ids: readonly string[]) => Promise<number>;
  /**
   * Stores that the ledger has been applied until a time. From a known progress, it always stores a later time than
   * before, so that the database differs from its backups even while clocks go back.
   * @param expected the progress from which it was applied; undefined if it was from the beginning
   * @returns the time in the database; undefined, without a change, if the database is older than `expected`
   */
  readonly advance: (until: number, expected: number | undefined) => Promise<number | undefined>;
}

export function createErasureStore(database: Database): ErasureStore {
  return {
    async progress() {
      const [row] = await database.read(
        (sql) => sql<{ applied: Date }[]>`SELECT applied FROM cipherwatch.erasure_progress`,
      );
      return row?.applied.getTime();
    },

    async erase(ids) {
      const [row] = await database.query((sql) => eraseRecords(sql, ids));
      return row?.erased ?? 0;
    },

    async advance(until, expected) {
      const time = new Date(until);
      const [row] = await database.query((sql) =>
        expected === undefined
          ? sql<{ applied: Date }[]>`
              INSERT INTO cipherwatch.erasure_progress AS progress (applied) VALUES (${time})
              ON CONFLICT (singleton)
              DO UPDATE SET applied = greatest(progress.applied, excluded.applied)
              RETURNING applied`
          : sql<{ applied: Date }[]>`
              UPDATE cipherwatch.erasure_progress SET applied = greatest(applied + interval '1 millisecond', ${time})
              WHERE applied >= ${new Date(expected)}
              RETURNING applied`,
      );
      return row?.applied.getTime();
    },
  };
}

/** A record that came back within 24 hours is already in `forgotten`. */
function eraseRecords(sql: Sql, ids: readonly string[]) {
  return sql<{ erased: number }[]>`
    WITH removed AS (
      DELETE FROM cipherwatch.records WHERE id = ANY (string_to_array(${ids.join()}, ',')::uuid[])
      RETURNING id, name, wrapped_key, kms_key_arn, format_version, client
    ), forgotten AS (
      INSERT INTO cipherwatch.forgotten (id, name, wrapped_key, kms_key_arn, format_version, client)
      SELECT * FROM removed ON CONFLICT (id) DO NOTHING
    )
    SELECT count(*)::integer AS erased FROM removed`;
}
