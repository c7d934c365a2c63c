import { existsSync, rmSync, writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

/** The worker's only message. */
export type DatabaseReport = { readonly url: string } | { readonly error: unknown };

/** Opens the data folder; creates it first if it does not exist or a kill interrupted its creation. */
async function openDatabase(folder: string): Promise<PGlite> {
  const creating = `${folder}.creating`;
  if (existsSync(creating)) rmSync(folder, { recursive: true, force: true });
  if (!existsSync(folder)) writeFileSync(creating, "");
  const db = await PGlite.create({ dataDir: folder });
  rmSync(creating, { force: true });
  return db;
}

async function main(folder: string): Promise<DatabaseReport> {
  try {
    const db = await openDatabase(folder);
    const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0, maxConnections: 50 });
    await server.start();
    parentPort?.once("message", async () => {
      await server.stop();
      await db.close();
    });
    return { url: `postgres://postgres@${server.getServerConn()}/postgres` };
  } catch (error) {
    return { error };
  }
}

parentPort?.postMessage(await main(workerData as string));
