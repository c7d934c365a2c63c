import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import type { Sql } from "postgres";
import { connect } from "../database.ts";
import { migrate, readMigrations } from "../migrate.ts";

export interface PostgresServer {
  readonly url: string;
  readonly port: number;
  /** A superuser connection, to inspect and change stored data. */
  readonly sql: Sql;
  /** Number of connections opened so far. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

const NODE_MODULES = join(import.meta.dirname, "../../node_modules");
export const MIGRATIONS = join(import.meta.dirname, "..", "migrations");

/**
 * The data folder after initdb, which takes eight times as long as loading it. Each test process needs it, so it is kept
 * with the installed packages.
 */
const IMAGE = join(NODE_MODULES, ".cache/cipherwatch", `pglite-${pgliteVersion()}.tar`);

let image: Promise<Blob> | undefined;

async function loadImage(): Promise<Blob> {
  if (existsSync(IMAGE)) return new Blob([await readFile(IMAGE)]);
  const created = await createImage();
  await mkdir(dirname(IMAGE), { recursive: true });
  const partial = `${IMAGE}.${process.pid}`;
  await writeFile(partial, created.stream());
  await rename(partial, IMAGE);
  return created;
}

async function createImage(): Promise<Blob> {
  const db = await PGlite.create();
  try {
    return await db.dumpDataDir("none");
  } finally {
    await db.close();
  }
}

function pgliteVersion(): string {
  const path = join(NODE_MODULES, "@electric-sql/pglite/package.json");
  return JSON.parse(readFileSync(path, "utf8")).version;
}

/** Starts an in-memory PostgreSQL on a free loopback port, migrated by default. */
export async function startPostgres({ migrated = true } = {}): Promise<PostgresServer> {
  image ??= loadImage();
  const db = await PGlite.create({ loadDataDir: await image });
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
