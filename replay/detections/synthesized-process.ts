import { replaceCdktf } from "../../terraform/cdktf-subset/modules.ts";
import type { BoundArns } from "./detections.ts";
import type { SynthesisResult } from "./load.ts";

// The child process of load.ts: receives ARNs, sends the detections or the error, and exits. Replaces CDKTF, because
// CDKTF would take most of the time.
replaceCdktf();
const synthesized = import("./synthesized.ts");

process.once("message", async (bound: BoundArns) => {
  process.send?.(await resultFor(bound), undefined, {}, () => process.disconnect());
});

async function resultFor(bound: BoundArns): Promise<SynthesisResult> {
  try {
    const { synthesizedDetections } = await synthesized;
    return synthesizedDetections(process.env, bound);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
