import { githubClient } from "../github/client.ts";
import { MARKER_CHARACTERS, withMarker } from "../github/comment.ts";
import { reportStack } from "../plan/plan-report.ts";
import { type ReviewRecord, renderReview } from "../plan/review-record.ts";
import { digestOf, type SavedPlans } from "../plan/saved-plans.ts";
import { type ReviewedPlans, reviewedPlans } from "../reviewed.ts";
import { fixture, planFixture } from "./fixtures.ts";
import type { GitHubApi } from "./github-api.ts";
import type { StoredReview } from "./github-reviews.ts";

export const HEAD = "a".repeat(40);
export const MERGE = "b".repeat(40);
export const DIGEST = digestOf(fixture("change.json"));
const PLAN = fixture("change.json");

/** A merged pull request whose plan was shown in a comment, and who reviews it. */
export interface MergedExample {
  record: ReviewRecord;
  /** The saved plan, which an attacker could replace. */
  plan: string;
  readonly approve: (login?: string, changes?: Partial<StoredReview>) => void;
  readonly editComment: (body: string) => void;
  readonly reviewed: (
    policy?: { readonly required?: number; readonly authorsCount?: boolean },
    environment?: string,
  ) => Promise<ReviewedPlans>;
}

/** Adds pull request #7 by octocat to the API, with a comment that shows its plan of kms. */
export function mergedExample(api: GitHubApi): MergedExample {
  api.pullRequests.push({
    number: 7,
    head: { sha: HEAD, ref: "change" },
    merged_at: "2026-11-20T00:00:00Z",
    merge_commit_sha: MERGE,
  });
  api.collaborators.set("reviewer", "write").set("octocat", "write");
  const record: ReviewRecord = {
    pullRequest: 7,
    commit: HEAD,
    pushedBy: "octocat",
    runUrl: "https://github.com/example-org/cipherwatch/actions/runs/1",
    environments: [
      {
        environment: "dev",
        commit: HEAD,
        stacks: [
          reportStack("kms", planFixture("change"), { digest: DIGEST, readBy: ["service"] }),
          { outcome: "failed", stack: "trail", error: "x" },
        ],
      },
    ],
    missing: [],
  };
  api.comments.push({
    id: 1,
    issue: 7,
    user: { login: "github-actions[bot]", type: "Bot" },
    body: withMarker(renderReview(record, MARKER_CHARACTERS)),
    updated_at: api.now(),
  });
  const example: MergedExample = {
    record,
    plan: PLAN,
    approve: (login = "reviewer", changes = {}) => {
      api.reviews.push({
        pullRequest: 7,
        user: { login, type: "User" },
        state: "APPROVED",
        commit_id: HEAD,
        submitted_at: api.now(),
        ...changes,
      });
    },
    editComment: (body) => {
      Object.assign(api.comments[0] ?? {}, { body, updated_at: api.now() });
    },
    reviewed: ({ required = 1, authorsCount = false } = {}, environment = "dev") => {
      const saved: SavedPlans = { save: async () => DIGEST, read: async () => example.plan };
      return reviewedPlans(githubClient(), {
        commit: MERGE,
        environment,
        record: example.record,
        saved,
        policy: { required, authorsCount },
      });
    },
  };
  return example;
}
