/** What CDKTF writes beside the stacks that it synthesizes, as far as it is read here. */
export interface Manifest {
  readonly stacks: Readonly<Record<string, ManifestStack>>;
}

interface ManifestStack {
  /** Stacks whose state this one reads. */
  readonly dependencies: readonly string[];
  /** Where its Terraform is, from the folder that the synth wrote. */
  readonly workingDirectory: string;
}

/** All stacks, each after those that it reads; otherwise in the order of the alphabet. */
export function inOrder({ stacks }: Manifest): readonly string[] {
  const ordered = new Set<string>();
  const add = (name: string): void => {
    const stack = stacks[name];
    if (stack === undefined || ordered.has(name)) return;
    for (const dependency of stack.dependencies) add(dependency);
    ordered.add(name);
  };
  for (const name of Object.keys(stacks).sort()) add(name);
  return [...ordered];
}

/**
 * The manifest for a command that means some of the stacks: these wait for each other alone, and whatever
 * else they read is there already. CDKTF's own `--ignore-missing-stack-dependencies` is no way to say so:
 * its deploy then waits for nothing at all, and its destroy starts the first stack again and again.
 */
export function manifestOf<Whole extends Manifest>(
  manifest: Whole,
  meant: readonly string[],
): Whole {
  const stacks = Object.entries(manifest.stacks).map(([name, stack]) => {
    const kept = stack.dependencies.filter((it) => meant.includes(it) && meant.includes(name));
    return [name, { ...stack, dependencies: kept }];
  });
  return { ...manifest, stacks: Object.fromEntries(stacks) };
}
