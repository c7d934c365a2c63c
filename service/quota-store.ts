import type { Database } from "./database.ts";
import type { QuotaStore } from "./quotas.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

export function createQuotaStore(database: Database): QuotaStore {
  return {
    async take({ client, quota, period, count, limit }) {
      const [row] = await database.query(
        (sql) => sql<{ taken: number }[]>`
          INSERT INTO cipherwatch.quota_usage AS usage (client, quota, period, taken)
          VALUES (${client}, ${quota}, ${period}, ${count})
          ON CONFLICT (client, quota, period)
          DO UPDATE SET taken = usage.taken + ${count} WHERE usage.taken < ${limit}
          RETURNING taken`,
      );
      return row?.taken;
    },

    async purge(now) {
      const minute = Math.floor(now / MINUTE) - 1;
      const day = Math.floor((now - MINUTE) / DAY);
      await database.query(
        (sql) => sql`
          DELETE FROM cipherwatch.quota_usage
          WHERE period < CASE WHEN quota = 'decrypts-day' THEN ${day}::integer ELSE ${minute}::integer END`,
      );
    },
  };
}
