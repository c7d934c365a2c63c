import { DEPENDABOT, type GitHub, githubClient } from "./github/client.ts";
import { variable } from "./github/environment.ts";
import { type MergedPullRequest, mergedPullRequest, notReviewed } from "./github/merged.ts";
import { setOutputs } from "./github/runner-files.ts";
import { annotate, StepError, step } from "./github/step.ts";

/** The workflow that shows the plans, from main. */
const REVIEW = ".github/workflows/review.yml";
const EVENTS = ["workflow_dispatch", "workflow_run"];

/**
 * Finds the run of review.yml that recorded what was shown for a pull request. Any workflow can upload an
 * artifact of that name, so the run must have run a definition from main.
 * @param main the newest commit of main
 * @returns the ID of the run; undefined if there is none
 */
export async function reviewRun(
  { rest, repository }: GitHub,
  { head }: Pick<MergedPullRequest, "head">,
  main: string,
): Promise<number | undefined> {
  const { data } = await rest.actions.listArtifactsForRepo({
    ...repository,
    name: `review-${head}`,
    per_page: 100,
  });
  const newestFirst = data.artifacts.toSorted(
    (a, b) => Date.parse(b.created_at ?? "") - Date.parse(a.created_at ?? ""),
  );
  for (const { workflow_run: uploader, expired } of newestFirst) {
    if (uploader?.id === undefined || expired) continue;
    const { data: run } = await rest.actions.getWorkflowRun({ ...repository, run_id: uploader.id });
    const isReview =
      run.path.split("@")[0] === REVIEW &&
      EVENTS.includes(run.event) &&
      run.head_branch === "main" &&
      run.head_repository?.full_name === `${repository.owner}/${repository.repo}`;
    // A tag may be named main too, but its commit is then not on main.
    if (isReview && (await isOn(main, run.head_sha, { rest, repository }))) return run.id;
    console.log(
      `Ignored: the artifact of run ${run.id}, by ${run.path} of ${run.head_branch} at ${run.head_sha}.`,
    );
  }
  return undefined;
}

async function isOn(
  main: string,
  commit: string,
  { rest, repository }: Pick<GitHub, "rest" | "repository">,
): Promise<boolean> {
  const { data } = await rest.repos.compareCommitsWithBasehead({
    ...repository,
    basehead: `${commit}...${main}`,
  });
  return data.status === "ahead" || data.status === "identical";
}

if (import.meta.main) {
  await step(async () => {
    const github = githubClient();
    const environment = variable("ENVIRONMENT");
    const commit = variable("GITHUB_SHA");
    const merged = await mergedPullRequest(github, commit);
    if (merged === undefined) {
      throw new StepError(
        notReviewed(environment, commit, ["no pull request was merged as this commit."]),
      );
    }
    const run = await reviewRun(github, merged, commit);
    if (run === undefined && (merged.isFork || merged.author === DEPENDABOT)) {
      annotate(
        "notice",
        `Not deployed to ${environment}: pull request #${merged.number} was not planned, as GitHub passes it no settings. Run Deploy by hand.`,
      );
      setOutputs({ run: "" });
      return;
    }
    if (run === undefined) {
      throw new StepError(
        notReviewed(environment, commit, [
          `no run of ${REVIEW} on main planned ${merged.head}, the head of pull request #${merged.number}, in the last 7 days.`,
        ]),
      );
    }
    console.log(`Pull request #${merged.number} was planned by run ${run}.`);
    setOutputs({ run: String(run), head: merged.head });
  });
}
