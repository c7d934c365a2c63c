import type { GitHub } from "./client.ts";

/** Name of the commit status, which the ruleset of main requires. */
const CONTEXT = "review";

/** Sets the status of a pull request's head commit. */
export async function setReviewStatus(
  { rest, repository }: GitHub,
  commit: string,
  state: "pending" | "success" | "failure",
  description: string,
  url: string,
): Promise<void> {
  await rest.repos.createCommitStatus({
    ...repository,
    sha: commit,
    context: CONTEXT,
    state,
    description,
    target_url: url,
  });
}
