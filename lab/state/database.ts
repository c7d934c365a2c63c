import { existsSync, renameSync, rmSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

export interface Database {
  /** Value for the service's `DATABASE_URL`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Starts PostgreSQL in this process, on a free loopback port.
 * @param folder data folder; created if it does not exist
 */
export async function startDatabase(folder: string): Promise<Database> {
  if (!existsSync(folder)) await initialize(folder);
  const db = await PGlite.create({ dataDir: folder }).catch((cause: unknown) => {
    throw new Error(
      `Cannot open the lab's database in ${folder}. Start with --fresh to delete the lab's data.`,
      { cause },
    );
  });
  const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0, maxConnections: 50 });
  await server.start();
  return {
    url: `postgres://postgres@${server.getServerConn()}/postgres`,
    close: async () => {
      await server.stop();
      await db.close();
    },
  };
}

/** Creates the data folder under another name and renames it, so that a kill leaves no partial folder. */
async function initialize(folder: string): Promise<void> {
  const unfinished = `${folder}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const db = await PGlite.create({ dataDir: unfinished });
  await db.close();
  renameSync(unfinished, folder);
}
