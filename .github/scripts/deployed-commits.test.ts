import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deployedCommit } from "./deployed-commits.ts";
import { githubClient } from "./github/client.ts";
import { type GitHubApi, startGitHubApi } from "./testing/github-api.ts";

let api: GitHubApi;
beforeEach(async () => {
  api = await startGitHubApi();
  vi.stubEnv("GITHUB_API_URL", api.url);
  vi.stubEnv("GITHUB_REPOSITORY", api.repository);
  vi.stubEnv("GITHUB_TOKEN", api.tokenFor({ contents: "read", deployments: "read" }));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
});

test("returns the newest successful deployment, even if a later one failed", async () => {
  api.deployments.push(
    { id: 1, environment: "production", sha: "1", states: ["inactive", "success", "in_progress"] },
    { id: 2, environment: "production", sha: "2", states: ["inactive", "success", "in_progress"] },
    { id: 3, environment: "production", sha: "3", states: ["failure", "in_progress"] },
    { id: 4, environment: "dev", sha: "4", states: ["success"] },
  );
  expect(await deployedCommit(githubClient(), "production")).toBe("2");
});

test("returns the last successful deployment before many that failed", async () => {
  api.deployments.push({ id: 1, environment: "dev", sha: "1", states: ["success"] });
  for (let id = 2; id <= 150; id++)
    api.deployments.push({ id, environment: "dev", sha: String(id), states: ["failure"] });
  expect(await deployedCommit(githubClient(), "dev")).toBe("1");
});

test("rejects a deployment of a commit that is not on main, as the drift check would run it", async () => {
  api.deployments.push({ id: 1, environment: "dev", sha: "evil", states: ["success"] });
  api.git.isAncestor = () => false;
  await expect(deployedCommit(githubClient(), "dev")).rejects.toThrow(
    /Deployment 1 of dev is of evil, which is not on main/,
  );
});

test("returns undefined for an environment without deployments", async () => {
  api.deployments.push({ id: 1, environment: "dev", sha: "1", states: ["failure"] });
  expect(await deployedCommit(githubClient(), "dev")).toBeUndefined();
  expect(await deployedCommit(githubClient(), "production")).toBeUndefined();
});
