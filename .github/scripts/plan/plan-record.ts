import { z } from "zod";
import type { EnvironmentReport } from "./plan-report.ts";

/** Which plans a review saw: environment → stack → SHA-256 of the saved plan. */
const record = z.object({
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  plans: z.record(z.string(), z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/))),
});
export type PlanRecord = z.output<typeof record>;

const START = "<!-- cipherwatch-plans ";
const END = " -->";

/** For the deployment, which finds in it what was reviewed; hidden on the page. */
export function planRecord(commit: string, environments: readonly EnvironmentReport[]): string {
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

/** @returns undefined when the text has no record, more than one, or one of another shape */
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
