import { stripVTControlCharacters } from "node:util";
import type { Manifest } from "../terraform/cdktf/manifest.ts";

/** What became of the diff of a stack. */
export interface Outcome {
  readonly stack: string;
  readonly planned: boolean;
  /** In a few words. */
  readonly result: string;
}

/**
 * Reads what `cdktf diff` printed, which is what Terraform prints.
 * @param dependencies stacks whose state this one reads
 */
export function outcomeOf(
  stack: string,
  exitCode: number,
  printed: string,
  dependencies: readonly string[],
): Outcome {
  const text = stripVTControlCharacters(printed);
  if (exitCode === 0) {
    const counts = /Plan: (.*?)\.\s/.exec(text)?.[1];
    const result = text.includes("No changes.") ? "no changes" : (counts ?? "outputs alone change");
    return { stack, planned: true, result };
  }
  const why = /Unable to find remote state|This object does not have an attribute named/.test(text)
    ? `not to be planned yet: it reads what ${dependencies.join(", ")} will say; deploy first what is missing of these`
    : `failed with ${exitCode}, see above`;
  return { stack, planned: false, result: why };
}

export function summaryOf(outcomes: readonly Outcome[]): string {
  const width = Math.max(...outcomes.map(({ stack }) => stack.length));
  return outcomes.map(({ stack, result }) => `${stack.padEnd(width)}  ${result}`).join("\n");
}

/**
 * What may be missing when some stacks could not be deployed: those that they read and that were not
 * deployed with them.
 */
export function missingBefore(
  deployed: readonly string[],
  { stacks }: Manifest,
): string | undefined {
  const missing = new Set(
    deployed
      .flatMap((stack) => stacks[stack]?.dependencies ?? [])
      .filter((it) => !deployed.includes(it)),
  );
  if (missing.size === 0) return undefined;
  const names = [...missing].join(", ");
  return `If a state could not be found: ${deployed.join(", ")} cannot be deployed before ${names}. Deploy first what is missing of these: npm run deploy -- ${[...missing].join(" ")}`;
}
