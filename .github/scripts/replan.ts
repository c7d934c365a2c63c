import { type GitHub, githubClient } from "./github/client.ts";
import { variable } from "./github/environment.ts";
import { annotate, step } from "./github/step.ts";

/**
 * Starts review.yml for each open pull request that contains the deployed commit. Others must be brought up to
 * date with main before they can be merged, and are planned then.
 * @returns the numbers of the pull requests
 */
export async function replan(
  { rest, paginate, repository }: GitHub,
  deployed: string,
): Promise<readonly number[]> {
  const planned: number[] = [];
  const open = await paginate(rest.pulls.list, { ...repository, state: "open", base: "main" });
  for (const { number, head } of open) {
    if (head.repo?.full_name !== `${repository.owner}/${repository.repo}`) continue;
    const { data } = await rest.repos.compareCommitsWithBasehead({
      ...repository,
      basehead: `${deployed}...${head.sha}`,
    });
    if (data.status !== "ahead") continue;
    const { data: builds } = await rest.actions.listWorkflowRuns({
      ...repository,
      workflow_id: "build.yml",
      event: "pull_request",
      head_sha: head.sha,
      status: "completed",
      per_page: 1,
    });
    const [build] = builds.workflow_runs;
    if (build === undefined) continue;
    await rest.actions.createWorkflowDispatch({
      ...repository,
      workflow_id: "review.yml",
      ref: "main",
      inputs: { run: String(build.id) },
    });
    planned.push(number);
  }
  return planned;
}

if (import.meta.main) {
  await step(async () => {
    const numbers = await replan(githubClient(), variable("GITHUB_SHA"));
    if (numbers.length > 0)
      annotate("notice", `Planned again: ${numbers.map((number) => `#${number}`).join(", ")}`);
  });
}
