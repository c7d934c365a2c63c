import type { BoundArns } from "./detections.ts";
import type { SynthesisResult } from "./load.ts";
import { synthesizedDetections } from "./synthesized.ts";

// The child process of load.ts: receives ARNs, sends the detections or the error, and exits.
process.once("message", (bound: BoundArns) => {
  process.send?.(resultFor(bound), undefined, {}, () => process.disconnect());
});

function resultFor(bound: BoundArns): SynthesisResult {
  try {
    return synthesizedDetections(process.env, bound);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
