import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { githubClient } from "./github/client.ts";
import { refuseOlder } from "./newer-deployment.ts";
import { type GitHubApi, startGitHubApi } from "./testing/github-api.ts";

let api: GitHubApi;
beforeEach(async () => {
  api = await startGitHubApi();
  vi.stubEnv("GITHUB_API_URL", api.url);
  vi.stubEnv("GITHUB_REPOSITORY", api.repository);
  vi.stubEnv("GITHUB_TOKEN", api.tokenFor({ contents: "read", deployments: "read" }));
  api.git.isAncestor = (commit, of) => Number(commit) < Number(of);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
});

const deploy = (commit: string) => refuseOlder(githubClient(), commit, "dev");

test("rejects a commit that is older than the deployed one, and says how to go back", async () => {
  api.deployments.push({ id: 7, environment: "dev", sha: "2", states: ["success"] });
  await expect(deploy("1")).rejects.toThrow(
    /1 is older than 2, which deployment 7 brought to dev\. To go back, revert .* digest/,
  );
});

test("accepts the deployed commit again, and a newer one", async () => {
  api.deployments.push({ id: 7, environment: "dev", sha: "2", states: ["success"] });
  await deploy("2");
  await deploy("3");
});

test("accepts any commit if no newer deployment to the environment succeeded", async () => {
  await deploy("1");
  api.deployments.push(
    { id: 7, environment: "dev", sha: "2", states: ["failure"] },
    { id: 8, environment: "production", sha: "3", states: ["success"] },
  );
  await deploy("1");
});
