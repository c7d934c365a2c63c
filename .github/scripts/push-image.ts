import { run } from "../../common/run.ts";
import { imageExists } from "./aws/repository.ts";
import { variable } from "./github/environment.ts";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { archiveDigest } from "./image/oci-archive.ts";
import { synthesize } from "./terraform/stacks.ts";
import { initialize, outputs, stackNamed } from "./terraform/terraform.ts";

/**
 * Pushes the archive with its attestations unchanged, so its digest in the registry is the scanned one.
 */
async function push(): Promise<void> {
  const archive = variable("ARCHIVE");
  const digest = variable("IMAGE_DIGEST");
  if (archiveDigest(archive) !== digest) {
    throw new StepError(
      `Not pushed: ${archive} does not have the digest that was scanned, ${digest}.`,
    );
  }
  const registry = stackNamed(await synthesize(), "registry");
  await initialize([registry]);
  const { RepositoryUrl: repository } = await outputs(registry);
  if (repository === undefined) {
    throw new StepError(
      "The stack registry is not deployed, so there is no repository to push to. Deploy every stack except service by hand: see docs/pipeline.md.",
    );
  }
  const tag = variable("GITHUB_SHA");
  if (await imageExists(repository.slice(repository.indexOf("/") + 1), digest)) {
    console.log(`${repository}@${digest} already exists.`);
  } else {
    await run(
      [
        ...(["skopeo", "copy", "--all", "--preserve-digests", "--retry-times", "3"] as const),
        `oci-archive:${archive}`,
        `docker://${repository}:${tag}-${variable("GITHUB_RUN_ID")}-${variable("GITHUB_RUN_ATTEMPT")}`,
      ],
      { stream: true },
    );
  }
  setOutputs({ repository });
}

if (import.meta.main) await step(push);
