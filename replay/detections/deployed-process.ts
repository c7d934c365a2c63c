import { loadDeployed } from "./deployed.ts";
import type { Bindings } from "./detections.ts";
import type { Answer } from "./load.ts";

// What reads the stacks takes more memory than all the rest of a replay, and is needed for a second: it
// has a process of its own, which answers and ends.
process.once("message", (bindings: Bindings) => {
  process.send?.(answer(bindings), undefined, {}, () => process.disconnect());
});

function answer(bindings: Bindings): Answer {
  try {
    return loadDeployed(process.env, bindings);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
