import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { DuckDBInstance } from "@duckdb/node-api";
import { noneSkipped, resolvePaths, walk } from "../replay/read/walk.ts";
import type { Cost } from "./replay.ts";

// Runs a program of the "replay" benchmark in its own process: `parse FOLDER`, `duckdb THREADS FOLDER`, or `replay`
// with its arguments. Prints the cost, excluding the start of Node and the loading of modules.

/** The baseline: decompresses and parses each file on one thread. */
async function parseAll(folder: string): Promise<number> {
  let events = 0;
  for await (const paths of walk(await resolvePaths([folder]), noneSkipped())) {
    for (const path of paths) {
      const { Records } = JSON.parse(gunzipSync(readFileSync(path)).toString("utf8"));
      events += Records.length;
    }
  }
  return events === 0 ? 2 : 0;
}

/** Counts the matches of one detection per minute, with a query written by hand for DuckDB. */
async function queryOne(
  duckdb: typeof DuckDBInstance,
  threads: string,
  folder: string,
): Promise<number> {
  const connection = await (await duckdb.create(":memory:", { threads })).connect();
  const result = await connection.runAndReadAll(`
    SELECT date_trunc('minute', CAST(r->>'$.eventTime' AS TIMESTAMP)) AS minute, count(*)
    FROM (SELECT unnest(Records) AS r FROM read_json('${folder}/AWSLogs/*/CloudTrail/**/*.json.gz',
      columns = {Records: 'JSON[]'}, maximum_object_size = 100000000))
    WHERE (r->>'$.eventSource') = 'kms.amazonaws.com' AND (r->>'$.errorCode') IS NOT NULL
    GROUP BY 1 ORDER BY 1`);
  return result.currentRowCount === 0 ? 2 : 0;
}

/**
 * Loads the modules of a program, so that its cost does not include them.
 * @returns a function that runs the program
 */
async function load(program: string, args: readonly string[]): Promise<() => Promise<number>> {
  const [first = "", second = ""] = args;
  if (program === "parse") return () => parseAll(first);
  if (program === "duckdb") {
    const { DuckDBInstance } = await import("@duckdb/node-api");
    return () => queryOne(DuckDBInstance, first, second);
  }
  const { main } = await import("../replay/main.ts");
  const { PROGRAM } = await import("../replay/testing/run-replay.ts");
  const output = { out: () => {}, err: { write: (text: string) => process.stderr.write(text) } };
  return () => main(args, output, PROGRAM);
}

const [program = "", ...args] = process.argv.slice(2);
const run = await load(program, args);
const startedAt = performance.now();
const before = process.cpuUsage();
const code = await run();
const { user, system } = process.cpuUsage(before);
const cost: Cost = {
  wall: (performance.now() - startedAt) / 1000,
  cpu: (user + system) / 1e6,
  megabytes: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(cost));
process.exitCode = code;
