import type { WorkerProgram } from "../replay/read/worker-program.ts";

/** Replaces replay/read/worker-program.ts in the package, where the reader thread is compiled. */
export function workerProgram(): WorkerProgram {
  return { url: new URL("worker.js", import.meta.url), data: {}, execArgv: [] };
}
