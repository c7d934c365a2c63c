import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { githubClient } from "./github/client.ts";
import { COMMENT_MARKER } from "./github/comment.ts";
import { planRecord } from "./plan/plan-record.ts";
import { reviewedPlans } from "./reviewed.ts";
import { type GitHubApi, startGitHubApi } from "./testing/github-api.ts";

const HEAD = "a".repeat(40);
const MERGE = "b".repeat(40);
const DIGEST = "c".repeat(64);
const bot = { login: "github-actions[bot]", type: "Bot" } as const;

let api: GitHubApi;
beforeEach(async () => {
  api = await startGitHubApi();
  vi.stubEnv("GITHUB_API_URL", api.url);
  vi.stubEnv("GITHUB_REPOSITORY", api.repository);
  vi.stubEnv("GITHUB_TOKEN", api.tokenFor({ "pull-requests": "read" }));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
});

function merged({ head = HEAD, merged_at = "2026-11-20T00:00:00Z" as string | null } = {}) {
  api.pullRequests.push({ number: 7, head: { sha: head }, merged_at, merge_commit_sha: MERGE });
}
function comment(commit = HEAD, user: { login: string; type: "Bot" | "User" } = bot) {
  const report = {
    environment: "dev",
    commit,
    stacks: [
      {
        outcome: "planned" as const,
        stack: "kms",
        resources: [],
        outputs: [],
        digest: DIGEST,
        readBy: [],
      },
      { outcome: "failed" as const, stack: "trail", error: "x" },
    ],
  };
  const body = `The plans\n${planRecord(commit, [report])}\n${COMMENT_MARKER}`;
  api.comments.push({ id: 1, issue: 7, user, body });
}
const reviewed = (environment = "dev") => reviewedPlans(githubClient(), MERGE, environment);

test("returns the plans in the comment of the merged pull request", async () => {
  merged();
  comment();
  expect(await reviewed()).toEqual({ kms: DIGEST });
});

test("rejects a commit without a merged pull request", async () => {
  await expect(reviewed()).rejects.toThrow(
    /no reviewed plan of b{40}: no pull request was merged.*Run Deploy by hand for dev/s,
  );
  merged({ merged_at: null });
  comment();
  await expect(reviewed()).rejects.toThrow(/no pull request was merged/);
});

test("rejects plans of another commit than the merged one", async () => {
  merged({ head: "d".repeat(40) });
  comment();
  await expect(reviewed()).rejects.toThrow(
    /plans of pull request #7 were made for a{40}, but d{40} was merged/,
  );
});

test("ignores a comment by another author", async () => {
  merged();
  comment(HEAD, { login: "mallory", type: "User" });
  await expect(reviewed()).rejects.toThrow(/#7 has no comment with plans/);
});

test("rejects a comment with a second record within a plan", async () => {
  merged();
  comment();
  const [own] = api.comments;
  if (own !== undefined) own.body = `${planRecord(HEAD, [])}\n${own.body}`;
  await expect(reviewed()).rejects.toThrow(/no record of its plans/);
});

test("rejects an environment without plans", async () => {
  merged();
  comment();
  await expect(reviewed("prod")).rejects.toThrow(/#7 has no plans of prod/);
});
