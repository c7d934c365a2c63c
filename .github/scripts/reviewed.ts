import { type GitHub, githubClient } from "./github/client.ts";
import { findComment } from "./github/comment.ts";
import { variable } from "./github/environment.ts";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { readPlanRecord } from "./plan/plan-record.ts";

/** Reviewed plans: the SHA-256 of the saved plan by stack. */
export type ReviewedPlans = Readonly<Record<string, string>>;

/**
 * Finds the plans that were reviewed for a commit on main: those in the comment of its pull request, if they
 * were made for the commit that was merged.
 * @throws StepError if the commit has no pull request, or the comment belongs to another commit
 */
export async function reviewedPlans(
  github: GitHub,
  commit: string,
  environment: string,
): Promise<ReviewedPlans> {
  const refuse = (why: string): never => {
    throw new StepError(
      `Not deployed to ${environment}: there is no reviewed plan of ${commit}: ${why}\n` +
        `Run Deploy by hand for ${environment}: it creates a new plan and waits for your approval.`,
    );
  };
  const { data: pullRequests } = await github.rest.repos.listPullRequestsAssociatedWithCommit({
    ...github.repository,
    commit_sha: commit,
  });
  const merged = pullRequests.find(
    ({ merged_at, merge_commit_sha }) => merged_at !== null && merge_commit_sha === commit,
  );
  if (merged === undefined) return refuse("no pull request was merged as this commit.");
  const of = `pull request #${merged.number}`;
  const comment = await findComment(github, merged.number);
  if (comment === undefined) return refuse(`${of} has no comment with plans.`);
  const record = readPlanRecord(comment.body);
  if (record === undefined) return refuse(`the comment of ${of} has no record of its plans.`);
  if (record.commit !== merged.head.sha) {
    return refuse(
      `the plans of ${of} were made for ${record.commit}, but ${merged.head.sha} was merged.`,
    );
  }
  return record.plans[environment] ?? refuse(`${of} has no plans of ${environment}.`);
}

if (import.meta.main) {
  await step(async () => {
    const environment = variable("ENVIRONMENT");
    const plans = await reviewedPlans(githubClient(), variable("GITHUB_SHA"), environment);
    console.log(`Reviewed: ${Object.keys(plans).join(", ")}`);
    setOutputs({ plans: JSON.stringify(plans) });
  });
}
