import type { GitHub } from "./client.ts";

export interface MergedPullRequest {
  readonly number: number;
  /** Its last commit. */
  readonly head: string;
  /** Login of the user who opened it. */
  readonly author: string;
  readonly isFork: boolean;
}

/** Finds the pull request that was merged as a commit of main. @returns undefined if there is none */
export async function mergedPullRequest(
  { rest, repository }: GitHub,
  commit: string,
): Promise<MergedPullRequest | undefined> {
  const { data } = await rest.repos.listPullRequestsAssociatedWithCommit({
    ...repository,
    commit_sha: commit,
  });
  const merged = data.find(
    ({ merged_at, merge_commit_sha }) => merged_at !== null && merge_commit_sha === commit,
  );
  if (merged === undefined) return undefined;
  return {
    number: merged.number,
    head: merged.head.sha,
    author: merged.user?.login ?? "",
    isFork: merged.head.repo?.full_name !== `${repository.owner}/${repository.repo}`,
  };
}

/** The error of a deployment whose plans were not reviewed, with the next step. */
export function notReviewed(
  environment: string,
  commit: string,
  reasons: readonly string[],
): string {
  return [
    `Not deployed to ${environment}: the plans of ${commit} are not reviewed:`,
    ...reasons.map((reason) => `  ${reason}`),
    `Run Deploy by hand for ${environment}: it creates a new plan and waits for the approval of the environment's reviewers.`,
  ].join("\n");
}
