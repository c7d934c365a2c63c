import { run } from "../../../common/run.ts";
import {
  readStacks as readSynthesizedStacks,
  type SynthesizedStack,
} from "../../../terraform/cdktf/manifest.ts";

export type Stack = SynthesizedStack;

/** Folder that a synthesis writes. */
export const OUTPUT = "cdktf.out";

/** Creates the pipeline's own roles, which have no access to its state: applied by a person. */
export const APPLIED_BY_HAND = "bootstrap";

/**
 * Synthesizes the stacks with the settings in the environment.
 * @param settings additional settings, such as the image digest
 * @returns the stacks in dependency order
 */
export async function synthesize(
  settings: Readonly<Record<string, string>> = {},
): Promise<readonly Stack[]> {
  const { CIPHERWATCH_IMAGE_DIGEST: _, ...inherited } = process.env;
  await run(["node", "main.ts"], { env: { ...inherited, ...settings } });
  return readStacks(OUTPUT);
}

/**
 * Reads the stacks that the pipeline applies: all except bootstrap.
 * @param output the folder that a synthesis wrote
 */
export function readStacks(output: string): readonly Stack[] {
  return readSynthesizedStacks(output).filter(({ name }) => name !== APPLIED_BY_HAND);
}
