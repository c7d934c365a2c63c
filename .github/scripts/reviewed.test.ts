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

test("the plans in the comment of the merged pull request were reviewed", async () => {
  merged();
  comment();
  expect(await reviewed()).toEqual({ kms: DIGEST });
});

test("a commit that no pull request was merged as has no reviewed plan", async () => {
  await expect(reviewed()).rejects.toThrow(
    /no reviewed plan of b{40}: no pull request was merged.*Run Deploy by hand for dev/s,
  );
  merged({ merged_at: null });
  comment();
  await expect(reviewed()).rejects.toThrow(/no pull request was merged/);
});

test("plans of another commit than was merged were not reviewed", async () => {
  merged({ head: "d".repeat(40) });
  comment();
  await expect(reviewed()).rejects.toThrow(
    /plans of pull request #7 are of a{40}, and d{40} was merged/,
  );
});

test("a comment by anybody else counts for nothing", async () => {
  merged();
  comment(HEAD, { login: "mallory", type: "User" });
  await expect(reviewed()).rejects.toThrow(/#7 has no comment with plans/);
});

test("a comment with a record hidden in the plan itself counts for nothing", async () => {
  merged();
  comment();
  const [own] = api.comments;
  if (own !== undefined) own.body = `${planRecord(HEAD, [])}\n${own.body}`;
  await expect(reviewed()).rejects.toThrow(/no record of its plans/);
});

test("an environment that was not planned was not reviewed", async () => {
  merged();
  comment();
  await expect(reviewed("prod")).rejects.toThrow(/#7 has no plans of prod/);
});
