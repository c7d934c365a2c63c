import type { WorkerProgram } from "../replay/read/worker-program.ts";

/** Replaces replay/read/worker-program.ts in the package, which contains a compiled reader thread. */
export function workerProgram(): WorkerProgram {
  return { url: new URL("worker.js", import.meta.url), data: {}, execArgv: [] };
}
