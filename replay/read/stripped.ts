import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

/** Imports and re-exports of modules of this project, as they stand once types are gone. */
const IMPORT = /^(?:import|export)\b[^"';]*?"(\.{1,2}\/[^"]+)";$/gm;

/**
 * A TypeScript module and all that it imports as JavaScript, by URL, for threads to run: a thread that is
 * given TypeScript starts a compiler of its own, in WebAssembly. That takes three times as long and twice
 * the memory, and V8 can crash when threads that had one end.
 */
export function stripped(entry: URL): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  const visit = (url: URL) => {
    if (sources.has(url.href)) return;
    const source = strip(readFileSync(url, "utf8"));
    sources.set(url.href, source);
    for (const [, specifier = ""] of source.matchAll(IMPORT)) visit(new URL(specifier, url));
  };
  visit(entry);
  return sources;
}

function strip(source: string): string {
  const { emitWarning } = process;
  // It is a release candidate and says so on standard error, which is for whoever replays.
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** What a thread runs first, as CommonJS: `workerData` has the entry's URL and the sources by URL. */
export const BOOT = `
const { registerHooks } = require("node:module");
const { workerData } = require("node:worker_threads");
registerHooks({
  load: (url, context, next) => {
    const source = workerData.sources.get(url);
    return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true };
  },
});
import(workerData.entry);
`;
