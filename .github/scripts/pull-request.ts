import { z } from "zod";
import { DEPENDABOT, type GitHub, githubClient } from "./github/client.ts";
import { optionalVariable, runUrl, variable } from "./github/environment.ts";
import { setReviewStatus } from "./github/review-status.ts";
import { setOutputs } from "./github/runner-files.ts";
import { annotate, StepError, step } from "./github/step.ts";

/** A pull request to review, with what its run of "Build pull request" made. */
export interface BuiltPullRequest {
  readonly number: number;
  readonly commit: string;
  /** Who pushed the commit, or opened the pull request with it. */
  readonly pushedBy: string;
  /** Environments to plan: all, none of a fork, and of Dependabot those with synthesized stacks. */
  readonly environments: readonly string[];
}

/** The workflow whose results are reviewed. */
const BUILD = ".github/workflows/build.yml";

/**
 * Finds the open pull request that a run of "Build pull request" built. Takes nothing from the artifacts of the
 * run but their names: its code is that of the branch.
 * @returns undefined if the pull request is closed or has a newer commit
 * @throws StepError if it is a run of another workflow
 */
export async function builtPullRequest(
  { rest, paginate, repository }: GitHub,
  build: number,
  environments: readonly string[],
): Promise<BuiltPullRequest | undefined> {
  const { data: run } = await rest.actions.getWorkflowRun({ ...repository, run_id: build });
  if (run.path.split("@")[0] !== BUILD || run.event !== "pull_request") {
    throw new StepError(
      `Run ${build} is a run of ${run.path} by ${run.event}, not of ${BUILD} by pull_request. Use the ID of a run of Build pull request.`,
    );
  }
  const head = run.head_repository?.full_name;
  const { data: open } = await rest.pulls.list({
    ...repository,
    state: "open",
    base: "main",
    head: `${run.head_repository?.owner?.login}:${run.head_branch}`,
  });
  const pullRequest = open.find(
    (each) => each.head.sha === run.head_sha && each.head.repo?.full_name === head,
  );
  if (pullRequest === undefined) return undefined;
  const found = {
    number: pullRequest.number,
    commit: run.head_sha,
    pushedBy: run.actor?.login ?? "",
  };
  // GitHub passes the settings to no fork: what it uploaded as stacks comes from elsewhere.
  if (head !== `${repository.owner}/${repository.repo}`) return { ...found, environments: [] };
  if (pullRequest.user?.login !== DEPENDABOT) return { ...found, environments };
  const artifacts = await paginate(rest.actions.listWorkflowRunArtifacts, {
    ...repository,
    run_id: build,
    per_page: 100,
  });
  const names = new Set(artifacts.map(({ name }) => name));
  return { ...found, environments: environments.filter((each) => names.has(`stacks-${each}`)) };
}

if (import.meta.main) {
  await step(async () => {
    const github = githubClient();
    const environments = z
      .array(z.string())
      .parse(JSON.parse(optionalVariable("ENVIRONMENTS") ?? "[]"));
    const build = Number(variable("BUILD"));
    const found = await builtPullRequest(github, build, environments);
    if (found === undefined) {
      annotate(
        "notice",
        `Run ${build} has no open pull request whose head it built: not reviewed.`,
      );
      setOutputs({ number: "", environments: "[]" });
      return;
    }
    await setReviewStatus(github, found.commit, "pending", "Scanning and planning", runUrl());
    setOutputs({
      number: String(found.number),
      commit: found.commit,
      environments: JSON.stringify(found.environments),
      "pushed-by": found.pushedBy,
      run: String(build),
    });
  });
}
