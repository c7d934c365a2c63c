import { run } from "../../common/run.ts";
import { variable } from "./github/environment.ts";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { archiveDigest } from "./image/oci-archive.ts";
import { synthesize } from "./terraform/stacks.ts";
import { initialize, outputs, stackNamed } from "./terraform/terraform.ts";

/**
 * Pushes the archive, and what it attests about itself, as it is: the registry gives it the digest that
 * was scanned.
 */
async function push(): Promise<void> {
  const archive = variable("ARCHIVE");
  const digest = variable("IMAGE_DIGEST");
  if (archiveDigest(archive) !== digest) {
    throw new StepError(`${archive} is not ${digest}, which was scanned. It is not pushed.`);
  }
  const registry = stackNamed(await synthesize(), "registry");
  await initialize([registry]);
  const { RepositoryUrl: repository } = await outputs(registry);
  if (repository === undefined) {
    throw new StepError(
      "There is no registry to push to: the stack registry was never applied. Deploy everything but the service once by hand: docs/pipeline.md.",
    );
  }
  const tag = variable("GITHUB_SHA");
  if (await isThere(repository, digest)) {
    console.log(`${repository}@${digest} is there already.`);
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

async function isThere(repository: string, digest: string): Promise<boolean> {
  const name = repository.slice(repository.indexOf("/") + 1);
  const query = ["--repository-name", name, "--image-ids", `imageDigest=${digest}`];
  const { code } = await run(["aws", "ecr", "describe-images", ...query], { accept: "any" });
  return code === 0;
}

if (import.meta.main) await step(push);
