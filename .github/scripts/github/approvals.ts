import type { GitHub } from "./client.ts";

export interface ApprovalPolicy {
  /** How many people must have approved. */
  readonly required: number;
  /** Whether an approval counts by somebody who wrote or pushed a part of the pull request. */
  readonly authorsCount: boolean;
}

export interface ReviewedHead {
  readonly pullRequest: number;
  /** The head commit, which the approvals must be of. */
  readonly commit: string;
  /** Milliseconds since 1970 when the plan was last shown; approvals must be later. */
  readonly shownAt: number;
  /** Who opened the pull request, and who pushed its head. */
  readonly authors: readonly string[];
}

type Review = Awaited<ReturnType<GitHub["rest"]["pulls"]["listReviews"]>>["data"][number];

/** https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user */
const MAY_APPROVE = ["admin", "write"];

/** https://docs.github.com/rest/pulls/pulls#list-commits-on-a-pull-request */
const LISTED_COMMITS = 250;

/**
 * Verifies that enough people, who may write to the repository, approved the head commit after its plans were
 * shown. Of each person only the newest review counts, and one that GitHub dismissed does not.
 * @returns why the approvals are not enough; empty means that they are
 */
export async function missingApprovals(
  github: GitHub,
  head: ReviewedHead,
  { required, authorsCount }: ApprovalPolicy,
): Promise<readonly string[]> {
  const { rest, paginate, repository } = github;
  const on = { ...repository, pull_number: head.pullRequest, per_page: 100 };
  const reviews = newestByUser(await paginate(rest.pulls.listReviews, on));
  const commits = await paginate(rest.pulls.listCommits, on);
  if (commits.length >= LISTED_COMMITS && !authorsCount) {
    return [
      `#${head.pullRequest} has ${LISTED_COMMITS} commits or more. GitHub lists only ${LISTED_COMMITS} of them, so it is unknown who wrote the others. Divide the change into smaller pull requests.`,
    ];
  }
  const authors = new Set([
    ...head.authors,
    ...(await pushersOf(github, head.commit)),
    ...commits.flatMap(({ author, committer }) =>
      [author, committer].flatMap((user) => (user !== null && "login" in user ? [user.login] : [])),
    ),
  ]);
  const reasons: string[] = [];
  let approvals = 0;
  for (const [login, review] of reviews) {
    const reason = reasonAgainst(review, head, authors.has(login) && !authorsCount);
    if (review.state === "CHANGES_REQUESTED") {
      if (await mayApprove(github, login)) return [`${login} requested changes.`];
    } else if (reason !== undefined) reasons.push(`${login}: ${reason}.`);
    else if (await mayApprove(github, login)) approvals += 1;
    else reasons.push(`${login}: may not write to the repository.`);
  }
  if (approvals >= required) return [];
  return [
    `${required} approval${required === 1 ? " is" : "s are"} required, but ${approvals} count${approvals === 1 ? "s" : ""}.`,
    ...reasons,
  ];
}

/** Lists who started the builds of a commit, by pushing it or by opening the pull request, once or again. */
async function pushersOf(
  { rest, paginate, repository }: GitHub,
  head_sha: string,
): Promise<readonly string[]> {
  const builds = await paginate(rest.actions.listWorkflowRuns, {
    ...repository,
    workflow_id: "build.yml",
    event: "pull_request",
    head_sha,
    per_page: 100,
  });
  return builds.flatMap(({ actor }) => actor?.login ?? []);
}

/** Keeps the newest review of each person that approves, rejects, or was dismissed; comments change neither. */
function newestByUser(reviews: readonly Review[]): ReadonlyMap<string, Review> {
  const newest = new Map<string, Review>();
  for (const review of reviews) {
    if (review.user?.type !== "User") continue;
    if (!["APPROVED", "CHANGES_REQUESTED", "DISMISSED"].includes(review.state)) continue;
    const previous = newest.get(review.user.login);
    if (previous === undefined || submittedAt(previous) <= submittedAt(review))
      newest.set(review.user.login, review);
  }
  return newest;
}

function reasonAgainst(
  review: Review,
  { commit, shownAt }: ReviewedHead,
  isOwnChange: boolean,
): string | undefined {
  if (review.state !== "APPROVED") return "the approval was dismissed";
  if (isOwnChange) return "wrote or pushed a part of the change";
  if (review.commit_id !== commit) return `approved ${review.commit_id}, not ${commit}`;
  if (submittedAt(review) <= shownAt)
    return "approved before the plans were shown in their present form";
  return undefined;
}

/** The API omits the time of a review that is not submitted yet. */
function submittedAt({ submitted_at: time }: Review): number {
  return Date.parse(time ?? "") || 0;
}

async function mayApprove({ rest, repository }: GitHub, username: string): Promise<boolean> {
  const { data } = await rest.repos.getCollaboratorPermissionLevel({ ...repository, username });
  return MAY_APPROVE.includes(data.permission);
}
