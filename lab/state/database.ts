import { existsSync, renameSync, rmSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

export interface Database {
  /** For `DATABASE_URL`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Starts PostgreSQL inside this process, listening on a free loopback port.
 * @param folder where the data lives; it is made when it does not exist
 */
export async function startDatabase(folder: string): Promise<Database> {
  if (!existsSync(folder)) await initialise(folder);
  const db = await PGlite.create({ dataDir: folder }).catch((cause: unknown) => {
    throw new Error(
      `The lab's database in ${folder} does not open. Start with --fresh to begin anew.`,
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

/** Made under another name and then renamed: a kill half-way leaves nothing that looks whole. */
async function initialise(folder: string): Promise<void> {
  const unfinished = `${folder}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const db = await PGlite.create({ dataDir: unfinished });
  await db.close();
  renameSync(unfinished, folder);
}
