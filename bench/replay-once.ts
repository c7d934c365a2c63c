import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { main } from "../replay/cli.ts";
import { noneSkipped, resolvePaths, walk } from "../replay/read/walk.ts";
import type { Cost } from "./replay.ts";

// One run of the benchmark "replay" in a process of its own: `parse FOLDER`, or `replay` with its
// arguments. It prints what the run cost from here on, without what starting Node and reading modules costs.

/** No program that reads these files can do less: one thread, a whole file at a time. */
async function parseAll(folder: string): Promise<number> {
  let events = 0;
  for await (const { path } of walk(await resolvePaths([folder]), noneSkipped())) {
    const { Records } = JSON.parse(gunzipSync(readFileSync(path)).toString("utf8"));
    events += Records.length;
  }
  return events === 0 ? 2 : 0;
}

const [program, ...args] = process.argv.slice(2);
const begun = performance.now();
const before = process.cpuUsage();
const code = await (program === "parse"
  ? parseAll(args[0] ?? "")
  : main(args, { out: () => {}, err: { write: (text) => process.stderr.write(text) } }));
const { user, system } = process.cpuUsage(before);
const cost: Cost = {
  wall: (performance.now() - begun) / 1000,
  cpu: (user + system) / 1e6,
  megabytes: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(cost));
process.exitCode = code;
