import { run } from "../../../common/run.ts";
import {
  readStacks as readSynthesizedStacks,
  type SynthesizedStack,
} from "../../../terraform/cdktf/manifest.ts";

export type Stack = SynthesizedStack;

const OUTPUT = "cdktf.out";

/** It makes the pipeline's own roles, which may not even read its state: a person applies it. */
const APPLIED_BY_HAND = "bootstrap";

/**
 * Writes the stacks of the settings in the environment.
 * @param settings more of them, such as the image's digest
 * @returns each stack after those that it depends on
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
