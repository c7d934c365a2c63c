import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

/** How to start a reader thread. */
export interface WorkerProgram {
  readonly url: URL;
  /** Added to the plan in the thread's `workerData`. */
  readonly data: object;
  readonly execArgv: readonly string[];
}

let program: WorkerProgram | undefined;

/**
 * Returns the program of a reader thread: the JavaScript of all modules that worker.ts imports. Node can strip types
 * in workers too, but each one then starts its own WebAssembly compiler: a worker takes 140 ms of CPU time to
 * start instead of 40, and about one in 300 crashes the process when it ends (seen with Node 24.21).
 *
 * The npm package has a compiled worker instead, see package/worker-program.ts.
 */
export function workerProgram(): WorkerProgram {
  const entry = new URL("worker.ts", import.meta.url);
  program ??= {
    url: new URL("worker-boot.js", import.meta.url),
    data: { entry: entry.href, sources: modulesOf(entry) },
    // Imports of modules that are not in `sources` then fail.
    execArgv: ["--no-strip-types"],
  };
  return program;
}

const IMPORT = /^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)"/gm;

/** Returns the JavaScript of a module and of all modules that it imports, by URL. Does not follow imports of types. */
function modulesOf(entry: URL): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  const pending = [entry.href];
  for (let url = pending.pop(); url !== undefined; url = pending.pop()) {
    if (sources.has(url)) continue;
    const source = stripTypeScriptTypes(readFileSync(new URL(url), "utf8"));
    sources.set(url, source);
    for (const [, path = ""] of source.matchAll(IMPORT)) pending.push(new URL(path, url).href);
  }
  return sources;
}
