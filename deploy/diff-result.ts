import { stripVTControlCharacters } from "node:util";
import type { SynthesizedStack } from "../terraform/cdktf/manifest.ts";
import { remoteStateStacks } from "../terraform/cdktf/names.ts";

/** The result of `cdktf diff` for one stack. */
export interface DiffResult {
  readonly stack: string;
  readonly planned: boolean;
  /** One line for the summary, such as `2 to add, 0 to change, 1 to destroy`. */
  readonly summary: string;
}

const NO_CHANGES = "no changes";

/**
 * Reads the result from the output of `cdktf diff`, which passes on Terraform's.
 * @param earlier results of the stacks that were planned before
 */
export function diffResultOf(
  { name, dependencies }: Omit<SynthesizedStack, "folder">,
  exitCode: number,
  output: string,
  earlier: readonly DiffResult[] = [],
): DiffResult {
  const text = stripVTControlCharacters(output);
  if (exitCode === 0) {
    const counts = /Plan: (.*?)\.\s/.exec(text)?.[1];
    const summary = text.includes("No changes.") ? NO_CHANGES : (counts ?? "only outputs change");
    return { stack: name, planned: true, summary };
  }
  if (!/Unable to find remote state|This object does not have an attribute named/.test(text)) {
    return { stack: name, planned: false, summary: `failed with exit code ${exitCode}, see above` };
  }
  const missing = missingDependencies(dependencies, text, earlier);
  const pronoun = missing.length === 1 ? "it" : "them";
  return {
    stack: name,
    planned: false,
    summary: `cannot be planned yet: needs outputs of ${missing.join(", ")}; deploy ${pronoun} first`,
  };
}

/** The dependencies whose state the errors mention, without those that are known to be deployed. */
function missingDependencies(
  dependencies: readonly string[],
  text: string,
  earlier: readonly DiffResult[],
): readonly string[] {
  const mentioned = remoteStateStacks(text.slice(text.indexOf("Error: ")));
  const deployed = earlier.filter(({ summary }) => summary === NO_CHANGES);
  return dependencies.filter(
    (dependency) =>
      (mentioned.length === 0 || mentioned.includes(dependency)) &&
      !deployed.some(({ stack }) => stack === dependency),
  );
}

/** A line for each stack. */
export function summaryOf(results: readonly DiffResult[]): string {
  const width = Math.max(...results.map(({ stack }) => stack.length));
  return results.map(({ stack, summary }) => `${stack.padEnd(width)}  ${summary}`).join("\n");
}

/**
 * Explains why a deployment of some stacks may have failed: they read states of stacks that were not
 * deployed with them.
 * @returns undefined if they depend on no other stack
 */
export function missingDependenciesHint(deployed: readonly SynthesizedStack[]): string | undefined {
  const names = deployed.map(({ name }) => name);
  const others = new Set(
    deployed.flatMap(({ dependencies }) => dependencies).filter((name) => !names.includes(name)),
  );
  if (others.size === 0) return undefined;
  return `If Terraform found no remote state above: ${names.join(", ")} can only be deployed after ${[...others].join(", ")}. Deploy those that are missing first: npm run deploy -- ${[...others].join(" ")}`;
}
