import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The modules that workers import are in these folders. */
const FOLDERS = ["cloudwatch", "replay/evaluate", "replay/read"];

let sources: ReadonlyMap<string, string> | undefined;

/**
 * The JavaScript of the modules that workers run, by URL. Node can strip types in workers too, but each
 * one then starts its own WebAssembly compiler: a worker takes 140 ms of CPU time to start instead of 40,
 * and about one in 300 crashes the process when it ends (seen with Node 24.21).
 */
export function workerSources(): ReadonlyMap<string, string> {
  sources ??= new Map(
    FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }))
      .filter((path) => !path.endsWith(".test.ts"))
      .map((path) => [
        pathToFileURL(`${ROOT}${path}`).href,
        stripTypeScriptTypes(readFileSync(`${ROOT}${path}`, "utf8")),
      ]),
  );
  return sources;
}
