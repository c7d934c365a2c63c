import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type ApprovalPolicy, missingApprovals } from "./github/approvals.ts";
import { type GitHub, githubClient } from "./github/client.ts";
import { findComment, MARKER_CHARACTERS, withMarker } from "./github/comment.ts";
import { optionalVariable, variable } from "./github/environment.ts";
import { mergedPullRequest, notReviewed } from "./github/merged.ts";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { parsePlan } from "./plan/plan-json.ts";
import { type PlannedStack, reportStack } from "./plan/plan-report.ts";
import { parseReviewRecord, type ReviewRecord, renderReview } from "./plan/review-record.ts";
import { type SavedPlans, savedPlans } from "./plan/saved-plans.ts";

/** Reviewed plans: the SHA-256 of the saved plan by stack. */
export type ReviewedPlans = Readonly<Record<string, string>>;

/** What decides whether the plans of a commit on main were reviewed. */
export interface ReviewEvidence {
  /** The commit on main. */
  readonly commit: string;
  readonly environment: string;
  /** What review.yml recorded for the head of the pull request. */
  readonly record: ReviewRecord;
  readonly saved: SavedPlans;
  readonly policy: ApprovalPolicy;
}

/**
 * Verifies that the plans of a commit on main were reviewed:
 *
 * 1. The commit has the same files as the head of its pull request, which the record is of.
 * 2. The saved plans, rendered again, are what the record says, and the comment still shows exactly that.
 * 3. Enough people approved that head after the comment was last changed.
 * @throws StepError with every reason against it, and the next step
 */
export async function reviewedPlans(
  github: GitHub,
  { commit, environment, record, saved, policy }: ReviewEvidence,
): Promise<ReviewedPlans> {
  const refuse = (reasons: readonly string[]): never => {
    throw new StepError(notReviewed(environment, commit, reasons));
  };
  const merged = await mergedPullRequest(github, commit);
  if (merged === undefined) return refuse(["no pull request was merged as this commit."]);
  const { number, head, author } = merged;
  if (record.pullRequest !== number || record.commit !== head) {
    return refuse([
      `the plans were made for ${record.commit} of pull request #${record.pullRequest}, but ${head} of #${number} was merged.`,
    ]);
  }
  if ((await treeOf(github, commit)) !== (await treeOf(github, head))) {
    return refuse([
      `${commit} has other files than ${head}, the head of pull request #${number}: it was not up to date with main, or the merge changed something.`,
    ]);
  }
  const shown = record.environments.find((report) => report.environment === environment);
  if (shown === undefined)
    return refuse([`pull request #${number} has no plans of ${environment}.`]);
  const plans = shown.stacks.filter((stack) => stack.outcome === "planned");
  const changed = await changedPlans(plans, saved);
  if (changed.length > 0)
    return refuse(
      changed.map((stack) => `the saved plan of ${stack} is not the one that was shown.`),
    );
  const comment = await findComment(github, number);
  if (comment === undefined) return refuse([`pull request #${number} has no comment with plans.`]);
  const expected = withMarker(renderReview(record, MARKER_CHARACTERS));
  if (normalized(comment.body) !== normalized(expected)) {
    return refuse([
      `the comment of pull request #${number} does not show the plans: somebody edited it, or a later review replaced it.`,
    ]);
  }
  const missing = await missingApprovals(
    github,
    {
      pullRequest: number,
      commit: head,
      shownAt: comment.updatedAt,
      authors: [author, record.pushedBy],
    },
    policy,
  );
  if (missing.length > 0) return refuse(missing);
  return Object.fromEntries(plans.map(({ stack, digest }) => [stack, digest]));
}

/** Renders the saved plans again. @returns the stacks whose report differs */
async function changedPlans(
  plans: readonly PlannedStack[],
  saved: SavedPlans,
): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const shown of plans) {
    const { stack, digest, readBy } = shown;
    const plan = parsePlan(await saved.read(stack, digest), `the reviewed plan of ${stack}`);
    // Through JSON, as the record was.
    const report: unknown = JSON.parse(
      JSON.stringify(reportStack(stack, plan, { digest, readBy })),
    );
    if (!isDeepStrictEqual(report, JSON.parse(JSON.stringify(shown)))) changed.push(stack);
  }
  return changed;
}

async function treeOf({ rest, repository }: GitHub, commit: string): Promise<string> {
  const { data } = await rest.git.getCommit({ ...repository, commit_sha: commit });
  return data.tree.sha;
}

/** GitHub may change line ends, and removes spaces at the end. */
function normalized(text: string): string {
  return text.replaceAll("\r\n", "\n").trimEnd();
}

/** @throws StepError if a variable of the repository is invalid */
export function approvalPolicy(required = "1", authorsCount = "false"): ApprovalPolicy {
  if (!/^\d$/.test(required)) {
    throw new StepError(
      `The repository variable REQUIRED_APPROVALS must be an integer between 0 and 9, received ${JSON.stringify(required)}. Set it again, or delete it to require 1 approval.`,
    );
  }
  if (authorsCount !== "true" && authorsCount !== "false") {
    throw new StepError(
      `The repository variable AUTHORS_MAY_APPROVE must be true or false, received ${JSON.stringify(authorsCount)}. Set it again, or delete it so that approvals by authors do not count.`,
    );
  }
  return { required: Number(required), authorsCount: authorsCount === "true" };
}

if (import.meta.main) {
  await step(async () => {
    const environment = variable("ENVIRONMENT");
    const plans = await reviewedPlans(githubClient(), {
      commit: variable("GITHUB_SHA"),
      environment,
      record: parseReviewRecord(readFileSync(variable("REVIEW"), "utf8")),
      saved: savedPlans(variable("PLAN_BUCKET"), environment),
      policy: approvalPolicy(
        optionalVariable("REQUIRED_APPROVALS"),
        optionalVariable("AUTHORS_MAY_APPROVE"),
      ),
    });
    console.log(`Reviewed: ${Object.keys(plans).join(", ")}`);
    setOutputs({ plans: JSON.stringify(plans) });
  });
}
