import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { main } from "../replay/main.ts";
import { noneSkipped, resolvePaths, walk } from "../replay/read/walk.ts";
import { PROGRAM } from "../replay/testing/run-replay.ts";
import type { Cost } from "./replay.ts";

// A run of the "replay" benchmark in its own process: `parse FOLDER`, or `replay` and its arguments. Prints
// the cost, excluding the start of Node and the loading of modules.

/** The baseline: decompresses and parses each file on one thread. */
async function parseAll(folder: string): Promise<number> {
  let events = 0;
  for await (const { path } of walk(await resolvePaths([folder]), noneSkipped())) {
    const { Records } = JSON.parse(gunzipSync(readFileSync(path)).toString("utf8"));
    events += Records.length;
  }
  return events === 0 ? 2 : 0;
}

const [program, ...args] = process.argv.slice(2);
const startedAt = performance.now();
const before = process.cpuUsage();
const code = await (program === "parse"
  ? parseAll(args[0] ?? "")
  : main(args, { out: () => {}, err: { write: (text) => process.stderr.write(text) } }, PROGRAM));
const { user, system } = process.cpuUsage(before);
const cost: Cost = {
  wall: (performance.now() - startedAt) / 1000,
  cpu: (user + system) / 1e6,
  megabytes: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(cost));
process.exitCode = code;
