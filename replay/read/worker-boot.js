// Starts a worker from the modules that worker-program.ts prepared.
import { registerHooks } from "node:module";
import { workerData } from "node:worker_threads";

registerHooks({
  load: (url, context, nextLoad) => {
    const source = workerData.sources.get(url);
    return source === undefined
      ? nextLoad(url, context)
      : { format: "module", source, shortCircuit: true };
  },
});
await import(workerData.entry);
