import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BoundArns, DefaultDetections } from "./detections.ts";

/** The message that the child process sends. */
export type SynthesisResult = DefaultDetections | { readonly error: string };

/** Folder of compiled modules, with which the child process takes half the time. */
const COMPILE_CACHE = fileURLToPath(
  new URL("../../node_modules/.cache/node-compile", import.meta.url),
);

/**
 * Runs `synthesizedDetections` in a child process: it replaces modules, which affects a whole process, and runs
 * while this process prepares the reader threads.
 * @throws Error with the message that `synthesizedDetections` throws
 */
export async function loadSynthesizedDetections(bound: BoundArns): Promise<DefaultDetections> {
  const child = fork(new URL("synthesized-process.ts", import.meta.url), {
    serialization: "advanced",
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
  });
  child.send(bound);
  const [first] = await Promise.race([once(child, "message"), once(child, "exit")]);
  const result = first as SynthesisResult | number | null;
  if (result === null || typeof result === "number") {
    const cause = result === null ? "a signal" : `exit code ${result}`;
    throw new Error(
      `The process that synthesizes the stacks failed with ${cause}. Its error is above.`,
    );
  }
  if ("error" in result) throw new Error(result.error);
  return result;
}
