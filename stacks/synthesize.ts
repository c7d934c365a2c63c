import type { Settings } from "../settings/index.ts";
import { synthesizeApp } from "../terraform/cdktf/synthesize.ts";
import type { Stacks } from "../terraform/json.ts";
import { addStacks } from "./cipherwatch.ts";

/**
 * Synthesizes in memory what `node main.ts` writes to cdktf.out.
 * @returns the stacks in the order in which they are deployed
 */
export function synthesize(settings: Settings): Stacks {
  return synthesizeApp((app) => addStacks(app, settings));
}
