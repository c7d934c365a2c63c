import { remoteStateStacks } from "../../../terraform/cdktf/names.ts";
import { type PlanJson, parsePlan } from "../plan/plan-json.ts";
import { plannedChanges } from "../plan/planned-changes.ts";
import { mapConcurrent } from "../system/map-concurrent.ts";
import type { Stack } from "./stacks.ts";
import { plan } from "./terraform.ts";

/** What became of planning one stack. */
export type StackPlan =
  | { readonly stack: Stack; readonly file: string; readonly plan: PlanJson; readonly text: string }
  | {
      readonly stack: Stack;
      readonly error: string;
      /** Stacks that must be applied first; none when it failed for another reason. */
      readonly waitsFor: readonly string[];
    };

/** A provider takes half a gigabyte of memory for each. */
const PLANS_AT_ONCE = 3;

/** Plans initialized stacks without locking their states, all of them even if some fail. */
export function planStacks(stacks: readonly Stack[]): Promise<StackPlan[]> {
  return mapConcurrent(PLANS_AT_ONCE, stacks, async (stack) => {
    const planned = await plan(stack, ["-lock=false"]);
    if ("error" in planned) {
      return { stack, error: planned.error, waitsFor: waitsFor(planned.error, stack) };
    }
    const { file, json, text, changes } = planned;
    const parsed = parsePlan(json, `the plan of ${stack.name}`);
    const error = contradiction(parsed, changes);
    return error === undefined
      ? { stack, file, plan: parsed, text }
      : { stack, error: `${text}\n${error}`, waitsFor: [] };
  });
}

/** A plan whose changes are overlooked here would be shown, compared and applied as one without any. */
function contradiction(parsed: PlanJson, changes: boolean): string | undefined {
  const found = plannedChanges(parsed).size > 0;
  const reads = parsed.resource_changes.some(({ change }) => change.actions.includes("read"));
  if (found ? changes : reads || !changes) return undefined;
  return `Terraform's exit code says that this plan ${changes ? "changes something" : "changes nothing"}, and what it planned says otherwise: ${found ? "changes were found" : "no change was found"}.`;
}

/**
 * The stacks that this one reads and that were not applied with what it needs: they have no state, or
 * it lacks an output. Known by Terraform's own words; any other error is a failure.
 */
export function waitsFor(error: string, { dependencies }: Stack): string[] {
  const problems = error.split(/^(?=Error: )/m).filter((text) => text.startsWith("Error: "));
  const waiting = problems.map((problem) => {
    const unread =
      problem.startsWith("Error: Unable to find remote state") ||
      problem.startsWith("Error: Unsupported attribute");
    return unread ? remoteStateStacks(problem) : [];
  });
  if (waiting.length === 0 || waiting.some((names) => names.length === 0)) return [];
  return [...new Set(waiting.flat())].filter((name) => dependencies.includes(name)).sort();
}
