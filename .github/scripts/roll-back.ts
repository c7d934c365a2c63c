import { variable } from "./github/environment.ts";
import { group, StepError, step } from "./github/step.ts";
import { changesBeyondImage } from "./plan/image-change.ts";
import { parsePlan } from "./plan/plan-json.ts";
import { synthesize } from "./terraform/stacks.ts";
import { apply, initialize, plan, showPlan, stackNamed } from "./terraform/terraform.ts";

/**
 * Deploys the previous image after a failed smoke test. This plan is not reviewed, so it may change only the
 * image.
 */
async function rollBack(): Promise<void> {
  const previous = process.env.PREVIOUS_DIGEST ?? "";
  if (previous === "") {
    throw new StepError("Cannot roll back: this was the first deployment.");
  }
  if (previous === variable("IMAGE_DIGEST")) {
    throw new StepError(
      `Not rolled back: the previous image, ${previous}, is the deployed one. The failure has another cause.`,
    );
  }
  const stacks = await synthesize({ CIPHERWATCH_IMAGE_DIGEST: previous });
  const service = stackNamed(stacks, "service");
  await initialize([service]);
  const planned = await plan(service);
  if ("error" in planned) throw new StepError(`Cannot plan the rollback:\n${planned.error}`);
  const { json } = await showPlan(service, planned.text);
  const beyond = changesBeyondImage(parsePlan(json, "the plan of the rollback"), previous);
  if (beyond.length > 0) {
    throw new StepError(
      `Not rolled back: the rollback to ${previous} would change more than the image, and is not reviewed: ${beyond.join(", ")}. Run Deploy by hand for a commit that works.`,
    );
  }
  await group("apply service", () => apply(service));
  console.log(`Rolled back to ${previous}.`);
}

if (import.meta.main) await step(rollBack);
