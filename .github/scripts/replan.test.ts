import { expect, test, vi } from "vitest";
import { githubClient } from "./github/client.ts";
import { replan } from "./replan.ts";
import { startGitHubApi } from "./testing/github-api.ts";

test("plans open pull requests again that contain the deployed commit, from their last build", async () => {
  const api = await startGitHubApi();
  const [deployed, current, behind, fork] = ["d", "a", "b", "c"].map((letter) => letter.repeat(40));
  vi.stubEnv("GITHUB_API_URL", api.url);
  vi.stubEnv("GITHUB_REPOSITORY", api.repository);
  vi.stubEnv(
    "GITHUB_TOKEN",
    api.tokenFor({ actions: "write", contents: "read", "pull-requests": "read" }),
  );
  try {
    const base = { merged_at: null, merge_commit_sha: null };
    const other = { full_name: "mallory/cipherwatch" };
    api.pullRequests.push(
      { ...base, number: 1, head: { sha: current ?? "" } },
      { ...base, number: 2, head: { sha: behind ?? "" } },
      { ...base, number: 3, head: { sha: fork ?? "", repo: other } },
    );
    for (const [id, sha] of [current, current, behind, fork].entries()) {
      api.runs.push({
        id,
        path: ".github/workflows/build.yml",
        event: "pull_request",
        head_branch: "x",
        head_sha: sha ?? "",
        head_repository: { full_name: api.repository, owner: { login: "example-org" } },
        actor: { login: "octocat" },
      });
    }
    api.git.isAncestor = (commit, of) => commit === deployed && of !== behind;
    expect(await replan(githubClient(), deployed ?? "")).toEqual([1]);
    expect(api.dispatched).toEqual(['review.yml {"run":"1"}']);
  } finally {
    vi.unstubAllEnvs();
    await api.close();
  }
});
