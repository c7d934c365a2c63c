import { variable } from "./github/environment.ts";
import { group, StepError, step } from "./github/step.ts";
import { changesBeyondImage } from "./plan/image-change.ts";
import { parsePlan } from "./plan/plan-json.ts";
import { plannedChanges } from "./plan/planned-changes.ts";
import { synthesize } from "./terraform/stacks.ts";
import { apply, initialize, plan, stackNamed } from "./terraform/terraform.ts";

/**
 * Puts the image back that served before, after a deployment whose smoke test failed. Nobody reviewed
 * this plan, so it may swap the image and nothing else.
 */
async function rollBack(): Promise<void> {
  const previous = process.env.PREVIOUS_DIGEST ?? "";
  if (previous === "") {
    throw new StepError("There is nothing to roll back to: this was the first deployment.");
  }
  if (previous === variable("IMAGE_DIGEST")) {
    throw new StepError(
      `There is nothing to roll back: ${previous} served before, too. What failed is not the image.`,
    );
  }
  const stacks = await synthesize({ CIPHERWATCH_IMAGE_DIGEST: previous });
  const service = stackNamed(stacks, "service");
  await initialize([service]);
  const planned = await plan(service);
  if ("error" in planned) throw new StepError(`The way back cannot be planned:\n${planned.error}`);
  const changes = plannedChanges(parsePlan(planned.json, "the plan of the way back"), previous);
  const beyond = changesBeyondImage(changes);
  if (beyond.length > 0) {
    throw new StepError(
      `The way back to ${previous} would change more than the image, and nobody reviewed that: ${beyond.join(", ")}. Run Deploy by hand for a commit that works.`,
    );
  }
  await group("apply service", () => apply(service));
  console.log(`${previous} serves again.`);
}

if (import.meta.main) await step(rollBack);
