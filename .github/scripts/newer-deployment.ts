import { lastDeployment } from "./deployed-commits.ts";
import { type GitHub, githubClient } from "./github/client.ts";
import { variable } from "./github/environment.ts";
import { StepError, step } from "./github/step.ts";

/**
 * Verifies that no newer commit is deployed. Somebody could run an old deployment again, and a plan that changes only
 * the image matches whatever image runs by now.
 * @param environment of GitHub
 * @throws StepError naming the newer commit
 */
export async function refuseOlder(
  github: GitHub,
  commit: string,
  environment: string,
): Promise<void> {
  const deployed = await lastDeployment(github, environment);
  if (deployed === undefined || deployed.sha === commit) return;
  const { data } = await github.rest.repos.compareCommitsWithBasehead({
    ...github.repository,
    basehead: `${commit}...${deployed.sha}`,
  });
  if (data.status !== "ahead") return;
  throw new StepError(
    `Not deployed: ${commit} is older than ${deployed.sha}, which deployment ${deployed.id} brought to ${environment}. To go back, revert the newer commits, or run Deploy by hand with the digest of the earlier image: see docs/pipeline.md.`,
  );
}

if (import.meta.main) {
  await step(() => refuseOlder(githubClient(), variable("GITHUB_SHA"), variable("DEPLOYS_TO")));
}
