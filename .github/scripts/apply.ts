import { variable } from "./github/environment.ts";
import { addSummary, setOutputs } from "./github/runner-files.ts";
import { group, StepError, step } from "./github/step.ts";
import type { Difference } from "./plan/compare.ts";
import { plannedChanges } from "./plan/planned-changes.ts";
import { differenceMessage, differenceSummary, type Review, review } from "./plan/review.ts";
import { savedPlans } from "./plan/saved-plans.ts";
import { planChanges } from "./terraform/plan-stacks.ts";
import { synthesize } from "./terraform/stacks.ts";
import { apply, initialize, outputs, stackNamed } from "./terraform/terraform.ts";

/**
 * Plans and applies the stacks in dependency order, if each plan matches the reviewed plan. Saved plans are
 * only compared, never applied: anyone who can open a pull request could have written them.
 */
async function applyReviewed(): Promise<void> {
  const environment = variable("ENVIRONMENT");
  const image = variable("IMAGE_DIGEST");
  const saved = savedPlans(variable("PLAN_BUCKET"), environment);
  const reviewed = review(variable("REVIEWED"), saved, image);

  const stacks = await synthesize({ CIPHERWATCH_IMAGE_DIGEST: image });
  await initialize(stacks);
  const plans = await planChanges(stacks);
  await stopUnlessReviewed(environment, plans, reviewed);

  const applied = new Set<string>();
  for (const first of plans) {
    const { stack } = first;
    // Plan again: the outputs it reads may have changed or been created.
    const again = "error" in first || stack.dependencies.some((name) => applied.has(name));
    const [planned] = again ? await planChanges([stack]) : [first];
    try {
      if (again)
        await stopUnlessReviewed(environment, planned === undefined ? [] : [planned], reviewed);
      if (planned === undefined || "error" in planned) throw new StepError(notPlanned(planned));
      if ("unchanged" in planned || plannedChanges(planned.plan).length === 0) {
        console.log(`${stack.name}: no changes.`);
        continue;
      }
      await group(`apply ${stack.name}`, () => apply(stack));
      applied.add(stack.name);
    } catch (error) {
      console.log(`Already applied: ${[...applied].join(", ") || "none"}.`);
      throw error;
    }
  }
  const { Endpoint: endpoint = "" } = await outputs(stackNamed(stacks, "service"));
  setOutputs({ endpoint });
}

type ApplicablePlan = Awaited<ReturnType<typeof planChanges>>[number];

/** Throws unless every plan matches the reviewed one. Skips stacks that wait for another stack. */
async function stopUnlessReviewed(
  environment: string,
  plans: readonly ApplicablePlan[],
  { check }: Review,
): Promise<void> {
  const failed = plans.filter((plan) => "error" in plan && plan.waitsFor.length === 0);
  if (failed.length > 0) throw new StepError(failed.map(notPlanned).join("\n\n"));
  const differences = new Map<string, readonly Difference[]>();
  for (const planned of plans) {
    // Terraform would apply nothing.
    if ("error" in planned || "unchanged" in planned) continue;
    const found = await check(planned.stack.name, planned.plan);
    if (found.length > 0) differences.set(planned.stack.name, found);
  }
  if (differences.size === 0) return;
  addSummary(differenceSummary(differences));
  throw new StepError(differenceMessage(environment, differences));
}

function notPlanned(planned: ApplicablePlan | undefined): string {
  if (planned === undefined || !("error" in planned)) return "There is no plan.";
  return `Cannot plan ${planned.stack.name}:\n${planned.error}`;
}

if (import.meta.main) await step(applyReviewed);
