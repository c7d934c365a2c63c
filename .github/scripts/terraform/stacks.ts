import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { inOrder } from "../../../terraform/cdktf/manifest.ts";
import { run } from "../system/run.ts";

/** A synthesized stack. */
export interface Stack {
  readonly name: string;
  /** Where its Terraform is. */
  readonly folder: string;
  /** Stacks that it reads or comes after. */
  readonly dependencies: readonly string[];
}

const OUTPUT = "cdktf.out";

/** It makes the pipeline's own roles, which may not even read its state: a person applies it. */
const APPLIED_BY_HAND = "bootstrap";

const manifest = z.object({
  stacks: z.record(
    z.string(),
    z.object({ workingDirectory: z.string(), dependencies: z.array(z.string()) }),
  ),
});

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
 * The stacks of the pipeline: all but bootstrap.
 * @param output the folder that a synth wrote
 */
export function readStacks(output: string): readonly Stack[] {
  const whole = manifest.parse(JSON.parse(readFileSync(join(output, "manifest.json"), "utf8")));
  return inOrder(whole).flatMap((name) => {
    const stack = whole.stacks[name];
    if (stack === undefined || name === APPLIED_BY_HAND) return [];
    const { workingDirectory, dependencies } = stack;
    return [{ name, folder: join(output, workingDirectory), dependencies }];
  });
}
