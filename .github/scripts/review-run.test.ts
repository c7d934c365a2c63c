import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { githubClient } from "./github/client.ts";
import { builtPullRequest } from "./pull-request.ts";
import { reviewRun } from "./review-run.ts";
import { type GitHubApi, startGitHubApi } from "./testing/github-api.ts";
import type { StoredRun } from "./testing/github-reviews.ts";

const HEAD = "a".repeat(40);
const MAIN = "b".repeat(40);

let api: GitHubApi;
beforeEach(async () => {
  api = await startGitHubApi();
  vi.stubEnv("GITHUB_API_URL", api.url);
  vi.stubEnv("GITHUB_REPOSITORY", api.repository);
  vi.stubEnv(
    "GITHUB_TOKEN",
    api.tokenFor({ actions: "read", contents: "read", "pull-requests": "read" }),
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
});

const repositoryOf = (full_name: string) => ({
  full_name,
  owner: { login: full_name.split("/")[0] ?? "" },
});

function run(id: number, changes: Partial<StoredRun> = {}): StoredRun {
  return {
    id,
    path: ".github/workflows/review.yml",
    event: "workflow_run",
    head_branch: "main",
    head_sha: MAIN,
    head_repository: repositoryOf(api.repository),
    actor: { login: "octocat" },
    ...changes,
  };
}

describe("reviewRun", () => {
  const upload = (id: number, changes: Partial<StoredRun> = {}) => {
    api.runs.push(run(id, changes));
    api.artifacts.push({ name: `review-${HEAD}`, run: id, created_at: api.now() });
  };
  const find = () => reviewRun(githubClient(), { head: HEAD }, MAIN);

  test("returns the newest run of review.yml on main", async () => {
    upload(1);
    upload(2);
    expect(await find()).toBe(2);
  });

  test("returns nothing if there is none", async () => {
    expect(await find()).toBeUndefined();
  });

  test.each<[string, Partial<StoredRun>]>([
    ["another workflow", { path: ".github/workflows/evil.yml" }],
    ["the same file on a branch", { head_branch: "evil", event: "workflow_dispatch" }],
    ["a pull request", { event: "pull_request" }],
    ["a fork", { head_repository: repositoryOf("mallory/cipherwatch") }],
  ])("ignores an artifact of the same name by %s", async (_, changes) => {
    upload(1);
    upload(2, changes);
    expect(await find()).toBe(1);
  });

  test("ignores a run at a tag that is named main", async () => {
    upload(1, { head_sha: "e".repeat(40), event: "workflow_dispatch" });
    api.git.isAncestor = (commit) => commit === MAIN;
    expect(await find()).toBeUndefined();
  });
});

describe("builtPullRequest", () => {
  const build = (changes: Partial<StoredRun> = {}) => {
    api.runs.push(
      run(1, {
        path: ".github/workflows/build.yml",
        event: "pull_request",
        head_branch: "change",
        head_sha: HEAD,
        actor: { login: "pusher" },
        ...changes,
      }),
    );
  };
  const open = (sha = HEAD, repository = api.repository, login = "octocat") => {
    api.pullRequests.push({
      number: 7,
      head: { sha, ref: "change", repo: { full_name: repository } },
      user: { login },
      merged_at: null,
      merge_commit_sha: null,
    });
  };
  const find = () => builtPullRequest(githubClient(), 1, ["dev", "prod"]);

  test("returns the open pull request of the commit, and who pushed it", async () => {
    build();
    open();
    expect(await find()).toEqual({
      number: 7,
      commit: HEAD,
      pushedBy: "pusher",
      environments: ["dev", "prod"],
    });
  });

  test("returns nothing for a commit that is no longer the head", async () => {
    build();
    open("c".repeat(40));
    expect(await find()).toBeUndefined();
  });

  test.each([
    [{ path: ".github/workflows/evil.yml" }, /run of \.github\/workflows\/evil\.yml/],
    [{ event: "push" }, /by push/],
  ])("rejects a run with %j", async (changes, message) => {
    build(changes);
    open();
    await expect(find()).rejects.toThrow(message);
  });

  test("plans of Dependabot only what was synthesized", async () => {
    build();
    open(HEAD, api.repository, "dependabot[bot]");
    expect(await find()).toMatchObject({ environments: [] });
    api.artifacts.push({ name: "stacks-dev", run: 1, created_at: api.now() });
    expect(await find()).toMatchObject({ environments: ["dev"] });
  });

  test.each(["mallory", "dependabot[bot]"])(
    "plans nothing of a fork by %s, whose build may upload stacks that nobody synthesized",
    async (login) => {
      build({ head_repository: repositoryOf("mallory/cipherwatch") });
      open(HEAD, "mallory/cipherwatch", login);
      api.artifacts.push({ name: "stacks-dev", run: 1, created_at: api.now() });
      expect(await find()).toMatchObject({ environments: [] });
    },
  );
});
