import { runningImage } from "./aws/running-image.ts";
import { optionalVariable } from "./github/environment.ts";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { UNBUILT_IMAGE } from "./plan/planned-changes.ts";
import { synthesize } from "./terraform/stacks.ts";
import { initialize, outputs, stackNamed } from "./terraform/terraform.ts";

/**
 * Outputs the image digest the ECS service runs. Fails if EXPECTED_DIGEST is set and differs: a
 * rollback by ECS otherwise looks like a successful deployment.
 */
async function outputRunningImage(): Promise<void> {
  const stacks = await synthesize({ CIPHERWATCH_IMAGE_DIGEST: UNBUILT_IMAGE });
  const service = stackNamed(stacks, "service");
  await initialize([service]);
  const { ClusterName, ServiceName } = await outputs(service);
  const now =
    ClusterName === undefined || ServiceName === undefined
      ? undefined
      : await runningImage(ClusterName, ServiceName);
  console.log(now === undefined ? "No service is running." : `The service runs ${now.digest}.`);
  setOutputs({ digest: now?.digest ?? "" });
  const expected = optionalVariable("EXPECTED_DIGEST");
  if (expected === undefined) return;
  if (now?.digest !== expected) {
    throw new StepError(
      `The service does not run ${expected}, which was deployed: ${now === undefined ? "no service is running" : `it runs ${now.digest}. ECS rolled back because the new tasks did not become healthy or an alarm rollback-… fired; see the service's events and log group. ECS: ${now.reason ?? "no reason given"}`}.`,
    );
  }
  if (!now.steady) {
    throw new StepError(
      `The service runs ${expected}, but the deployment is not complete: other tasks are still starting or draining.`,
    );
  }
}

if (import.meta.main) await step(outputRunningImage);
