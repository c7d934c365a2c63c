import { existsSync, rmSync, writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

/** The worker's only message. */
export type DatabaseReport =
  | { readonly url: string; readonly recordsByKey: Readonly<Record<string, number>> }
  | { readonly error: unknown };

/** Opens the database in a folder. Creates it if the folder does not exist or a kill interrupted its creation. */
async function openDatabase(folder: string): Promise<PGlite> {
  const creating = `${folder}.creating`;
  if (existsSync(creating)) rmSync(folder, { recursive: true, force: true });
  if (!existsSync(folder)) writeFileSync(creating, "");
  const db = await PGlite.create({ dataDir: folder });
  rmSync(creating, { force: true });
  return db;
}

/** Counts the records of earlier runs, before the service migrates the database. */
async function countRecords(db: PGlite): Promise<Record<string, number>> {
  const { rows: tables } = await db.query(
    "SELECT FROM pg_tables WHERE schemaname = 'cipherwatch' AND tablename = 'records'",
  );
  if (tables.length === 0) return {};
  const { rows } = await db.query<{ readonly key: string; readonly records: number }>(
    "SELECT kms_key_arn AS key, count(*)::int AS records FROM cipherwatch.records GROUP BY 1 ORDER BY 1",
  );
  return Object.fromEntries(rows.map(({ key, records }) => [key, records]));
}

async function main(folder: string): Promise<DatabaseReport> {
  try {
    const db = await openDatabase(folder);
    const recordsByKey = await countRecords(db);
    const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0, maxConnections: 50 });
    await server.start();
    parentPort?.once("message", async () => {
      await server.stop();
      await db.close();
    });
    return { url: `postgres://postgres@${server.getServerConn()}/postgres`, recordsByKey };
  } catch (error) {
    return { error };
  }
}

parentPort?.postMessage(await main(workerData as string));
