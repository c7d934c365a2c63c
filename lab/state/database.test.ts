import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Database, startDatabase } from "./database.ts";

let parent: string;
let folder: string;
let database: Database | undefined;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "cipherwatch-database-"));
  folder = join(parent, "database");
});

afterEach(async () => {
  await database?.close();
  rmSync(parent, { recursive: true, force: true });
});

it("creates the database again after a start that was killed while creating it", async () => {
  database = startDatabase(folder);
  // The worker creates this file first, so that the next start recognizes an incomplete folder.
  await expect.poll(() => existsSync(`${folder}.creating`), { timeout: 60_000 }).toBe(true);
  await database.close();

  database = startDatabase(folder);
  const sql = postgres(await database.url, { max: 1 });
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  await sql.end();
  expect(existsSync(`${folder}.creating`)).toBe(false);
});

it("reports a folder that it cannot open, with how to keep its data and the option that deletes it", async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, "PG_VERSION"), "9.6\n");
  database = startDatabase(folder);
  await expect(database.url).rejects.toThrow(
    `Cannot open the lab's database in ${folder}: PGlite failed to initialize properly. Choose another folder with --data DIR, or start with --fresh, which deletes the lab's data; copy the folder first if you need it.`,
  );
});
