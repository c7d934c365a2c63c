import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import type { Sql } from "postgres";
import { connect } from "../database.ts";
import { migrate, readMigrations } from "../migrate.ts";

export interface PostgresServer {
  readonly url: string;
  readonly port: number;
  /** One connection of the superuser's, to look into what the service stored and to change it. */
  readonly sql: Sql;
  /** Connections opened so far. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

export const MIGRATIONS = join(import.meta.dirname, "..", "migrations");

/** PostgreSQL in memory on a free loopback port, with the service's tables unless told otherwise. */
export async function startPostgres({ migrated = true } = {}): Promise<PostgresServer> {
  const db = await PGlite.create();
  const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0, maxConnections: 50 });
  let opened = 0;
  server.addEventListener("connection", () => {
    opened += 1;
  });
  await server.start();
  const url = `postgres://postgres@${server.getServerConn()}/postgres`;
  const sql = connect({ kind: "url", url }, { max: 1 });
  if (migrated) await migrate(sql, readMigrations(MIGRATIONS));
  return {
    url,
    port: Number(new URL(url).port),
    sql,
    connections: () => opened,
    close: async () => {
      await sql.end({ timeout: 1 });
      await server.stop();
      await db.close();
    },
  };
}
