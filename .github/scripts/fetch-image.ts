import { validateEnvironment } from "../../common/environment.ts";
import { clusterName, ecsServiceName, repositoryName } from "../../common/naming.ts";
import { run } from "../../common/run.ts";
import { imageExists, repositoryUri } from "./aws/repository.ts";
import { runningImage } from "./aws/running-image.ts";
import { optionalVariable, variable } from "./github/environment.ts";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { archiveDigest } from "./image/oci-archive.ts";

/**
 * Copies an image with its attestations from the registry of an environment to an archive: the image in
 * DIGEST, or the one that the environment runs.
 */
async function fetchImage(): Promise<void> {
  const environment = environmentName();
  const archive = variable("ARCHIVE");
  const digest = await digestFor(environment, optionalVariable("DIGEST"));
  const repository = repositoryName(environment);
  if (!(await imageExists(repository, digest))) {
    throw new StepError(
      `The repository ${repository} has no image ${digest}. It keeps the newest images, as many as ` +
        "CIPHERWATCH_IMAGES_KEPT. Deploy one that it has: aws ecr describe-images " +
        `--repository-name ${repository}`,
    );
  }
  const source = `docker://${await repositoryUri(repository)}@${digest}`;
  await run(
    [
      ...(["skopeo", "copy", "--all", "--preserve-digests", "--retry-times", "3"] as const),
      ...[source, `oci-archive:${archive}`],
    ],
    { stream: true },
  );
  const actual = archiveDigest(archive);
  if (actual !== digest) {
    throw new StepError(`The registry returned the image ${actual} instead of ${digest}.`);
  }
  console.log(`Deploys ${digest} from ${environment}.`);
  setOutputs({ digest });
}

function environmentName(): string {
  const name = variable("ENVIRONMENT");
  const error = validateEnvironment(name);
  if (error === undefined) return name;
  throw new StepError(`The environment ${JSON.stringify(name)} ${error}.`);
}

async function digestFor(environment: string, given: string | undefined): Promise<string> {
  if (given !== undefined) {
    if (/^sha256:[0-9a-f]{64}$/.test(given)) return given;
    throw new StepError(
      `The digest must be sha256: and 64 lowercase hexadecimal digits, received ${JSON.stringify(given)}.`,
    );
  }
  const running = await runningImage(clusterName(environment), ecsServiceName(environment));
  if (running === undefined) {
    throw new StepError(`${environment} runs no service whose image could be promoted.`);
  }
  if (!running.steady) {
    throw new StepError(
      `${environment} is in the middle of a deployment. Promote its image when that is complete.`,
    );
  }
  return running.digest;
}

if (import.meta.main) await step(fetchImage);
