import { runningImage } from "./aws/running-image.ts";
import { optionalVariable } from "./github/environment.ts";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { UNBUILT_IMAGE } from "./plan/planned-changes.ts";
import { synthesize } from "./terraform/stacks.ts";
import { initialize, outputs, stackNamed } from "./terraform/terraform.ts";

/**
 * Which image serves. Where one is expected, another fails the step: the circuit breaker's rollback
 * looks like a deployment that succeeded.
 */
async function tellServing(): Promise<void> {
  const stacks = await synthesize({ CIPHERWATCH_IMAGE_DIGEST: UNBUILT_IMAGE });
  const service = stackNamed(stacks, "service");
  await initialize([service]);
  const { ClusterName, ServiceName } = await outputs(service);
  const now =
    ClusterName === undefined || ServiceName === undefined
      ? undefined
      : await runningImage(ClusterName, ServiceName);
  console.log(now === undefined ? "Nothing serves yet." : `${now.digest} serves.`);
  setOutputs({ digest: now?.digest ?? "" });
  const expected = optionalVariable("EXPECTED_DIGEST");
  if (expected === undefined) return;
  if (now?.digest !== expected) {
    throw new StepError(
      `${expected} was deployed and does not serve: ${now === undefined ? "nothing does" : `${now.digest} does. ECS went back to it because the new tasks did not become healthy; the service's log group says why`}.`,
    );
  }
  if (!now.steady) {
    throw new StepError(`${expected} serves, but not alone: the deployment has not become steady.`);
  }
}

if (import.meta.main) await step(tellServing);
