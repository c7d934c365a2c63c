import { z } from "zod";

/** Record of the plans in a comment: the SHA-256 of each saved plan, by environment and stack. */
const record = z.object({
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  plans: z.record(z.string(), z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/))),
});
export type PlanRecord = z.output<typeof record>;

const START = "<!-- cipherwatch-plans ";
const END = " -->";

interface SavedEnvironment {
  readonly environment: string;
  readonly stacks: readonly (
    | { readonly outcome: "planned"; readonly stack: string; readonly digest: string }
    | { readonly outcome: "failed" | "locked" | "waiting" }
  )[];
}

/** Renders the record as an invisible HTML comment, which the deployment reads. */
export function planRecord(commit: string, environments: readonly SavedEnvironment[]): string {
  const plans = Object.fromEntries(
    environments.map(({ environment, stacks }) => [
      environment,
      Object.fromEntries(
        stacks.flatMap((stack) =>
          stack.outcome === "planned" ? [[stack.stack, stack.digest]] : [],
        ),
      ),
    ]),
  );
  return `${START}${JSON.stringify({ commit, plans } satisfies PlanRecord)}${END}`;
}

/** @returns undefined unless the text contains exactly one valid record */
export function readPlanRecord(text: string): PlanRecord | undefined {
  const [, rest, ...more] = text.split(START);
  const json = rest?.slice(0, rest.indexOf(END));
  if (json === undefined || more.length > 0) return undefined;
  try {
    return record.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
