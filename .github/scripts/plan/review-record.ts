import { z } from "zod";
import { StepError } from "../github/step.ts";
import { type EnvironmentReport, report } from "./plan-report.ts";
import { COMMENT_CHARACTERS, renderPlans } from "./render-plans.ts";

/**
 * What reviewers were shown: the artifact of a run of review.yml, which only main's code can write. Contains no
 * sensitive values, as every reader of the repository can download it.
 */
const record = z.object({
  pullRequest: z.number(),
  /** Head of the pull request. */
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  /** Login of the user who pushed the commit. */
  pushedBy: z.string(),
  runUrl: z.string(),
  environments: z.array(report),
  /** Environments without a report. */
  missing: z.array(z.string()),
});
export type ReviewRecord = z.output<typeof record>;

/** Path of the record in the artifact `review-<commit>`. */
export const REVIEW_RECORD = "review.json";

/** @throws StepError if the JSON is not a record */
export function parseReviewRecord(json: string): ReviewRecord {
  const parsed = record.safeParse(JSON.parse(json));
  if (parsed.success) return parsed.data;
  throw new StepError(
    `${REVIEW_RECORD} is not the record of a review:\n${z.prettifyError(parsed.error)}`,
  );
}

/** Renders the plans as the comment shows them. */
export function renderReview(
  { environments, missing, commit, runUrl }: ReviewRecord,
  markerCharacters: number,
): string {
  const plans: readonly EnvironmentReport[] = environments;
  return renderPlans(
    { environments: plans, missing, commit, runUrl },
    COMMENT_CHARACTERS - markerCharacters,
  );
}
