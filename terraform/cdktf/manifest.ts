import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** A stack in the folder that a synthesis wrote. */
export interface SynthesizedStack {
  readonly name: string;
  /** Folder that contains its `cdk.tf.json`. */
  readonly folder: string;
  /** Names of the stacks that are deployed before it, because it reads their state or for another reason. */
  readonly dependencies: readonly string[];
}

/** The fields of `manifest.json` that this module reads. CDKTF's CLI reads the others. */
const manifestSchema = z.looseObject({
  stacks: z.record(
    z.string(),
    z.looseObject({ workingDirectory: z.string(), dependencies: z.array(z.string()) }),
  ),
});

const manifestFile = (outputFolder: string) => join(outputFolder, "manifest.json");

const parseManifest = (text: string) => manifestSchema.parse(JSON.parse(text));

/**
 * Reads the stacks that a synthesis wrote.
 * @returns each stack after its dependencies, otherwise in alphabetical order
 */
export function readStacks(outputFolder: string): readonly SynthesizedStack[] {
  const { stacks } = parseManifest(readFileSync(manifestFile(outputFolder), "utf8"));
  const ordered = new Map<string, SynthesizedStack>();
  const add = (name: string): void => {
    const stack = stacks[name];
    if (stack === undefined || ordered.has(name)) return;
    const { workingDirectory, dependencies } = stack;
    for (const dependency of dependencies) add(dependency);
    ordered.set(name, { name, folder: join(outputFolder, workingDirectory), dependencies });
  };
  for (const name of Object.keys(stacks).sort()) add(name);
  return [...ordered.values()];
}

/**
 * Runs a CDKTF command for some of the stacks. While it runs, the manifest only has the dependencies among
 * those stacks, so that the CLI orders them and waits for no other. The manifest is restored afterwards.
 *
 * The CLI's own `--ignore-missing-stack-dependencies` does not help: with it, deploy waits for no stack at
 * all, and destroy starts the first stack again and again.
 */
export async function withReducedManifest<Result>(
  selected: readonly string[],
  outputFolder: string,
  command: () => Promise<Result>,
): Promise<Result> {
  const file = manifestFile(outputFolder);
  const original = readFileSync(file, "utf8");
  const manifest = parseManifest(original);
  for (const [name, stack] of Object.entries(manifest.stacks)) {
    stack.dependencies = stack.dependencies.filter(
      (dependency) => selected.includes(name) && selected.includes(dependency),
    );
  }
  writeFileSync(file, JSON.stringify(manifest));
  try {
    return await command();
  } finally {
    writeFileSync(file, original);
  }
}
