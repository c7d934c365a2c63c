import { remoteStateStacks } from "../../../terraform/cdktf/names.ts";
import { COLUMNS, countsInText, countsOf } from "../plan/counts.ts";
import { type PlanJson, parsePlan } from "../plan/plan-json.ts";
import { plannedChanges } from "../plan/planned-changes.ts";
import { mapConcurrent } from "../system/map-concurrent.ts";
import type { Stack } from "./stacks.ts";
import { plan, showPlan } from "./terraform.ts";

/** The plan of a stack, or the error. */
export type StackPlan =
  | { readonly stack: Stack; readonly file: string; readonly plan: PlanJson; readonly text: string }
  | FailedPlan;

interface FailedPlan {
  readonly stack: Stack;
  readonly error: string;
  /** Stacks that must be applied first; empty if planning failed for another reason. */
  readonly waitsFor: readonly string[];
}

/** Each plan starts a provider process that uses half a gigabyte of memory. */
const PLANS_AT_ONCE = 3;

/** Plans initialized stacks without locking their states. Continues after a failure. */
export function planStacks(stacks: readonly Stack[]): Promise<StackPlan[]> {
  return mapConcurrent(PLANS_AT_ONCE, stacks, async (stack) => {
    const planned = await planUnlocked(stack);
    return "error" in planned ? planned : await read(planned);
  });
}

/** Like `planStacks`, but does not read the plan of a stack for which Terraform plans no changes. */
export function planChanges(
  stacks: readonly Stack[],
): Promise<(StackPlan | { readonly stack: Stack; readonly unchanged: true })[]> {
  return mapConcurrent(PLANS_AT_ONCE, stacks, async (stack) => {
    const planned = await planUnlocked(stack);
    if ("error" in planned) return planned;
    return planned.changes ? await read(planned) : { stack, unchanged: true };
  });
}

interface UnreadPlan {
  readonly stack: Stack;
  readonly text: string;
  readonly changes: boolean;
}

async function planUnlocked(stack: Stack): Promise<UnreadPlan | FailedPlan> {
  const planned = await plan(stack);
  return "error" in planned
    ? { stack, error: planned.error, waitsFor: waitsFor(planned.error, stack) }
    : { stack, ...planned };
}

async function read({ stack, text, changes }: UnreadPlan): Promise<StackPlan> {
  const { file, json } = await showPlan(stack, text);
  const parsed = parsePlan(json, `the plan of ${stack.name}`);
  const error = contradiction(parsed, changes, text);
  return error === undefined
    ? { stack, file, plan: parsed, text }
    : { stack, error: `${text}\n${error}`, waitsFor: [] };
}

/**
 * Compares the parsed plan with Terraform's exit code and with the counts in its text: an overlooked change
 * would be applied unreviewed.
 */
export function contradiction(
  parsed: PlanJson,
  changes: boolean,
  text: string,
): string | undefined {
  const found = plannedChanges(parsed).length > 0;
  const reads = parsed.resource_changes.some(({ change }) => change.actions.includes("read"));
  if (found ? !changes : changes && !reads) {
    return `The exit code of terraform plan reports ${changes ? "changes" : "no changes"}, but its JSON contains ${found ? "changes" : "none"}.`;
  }
  const [counted, written] = [countsOf(parsed), countsInText(text)];
  const different = COLUMNS.filter((column) => counted[column] !== written[column]);
  if (different.length === 0) return undefined;
  return `The text of terraform plan counts ${different.map((column) => `${written[column]} to ${column}`).join(", ")}, but its JSON contains ${different.map((column) => counted[column]).join(", ")}.`;
}

/**
 * Parses a Terraform error for stacks that must be applied first: their state or an output of it is missing.
 * @returns empty if there is any other error
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
