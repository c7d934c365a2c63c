import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type GitHubApi, startGitHubApi } from "../testing/github-api.ts";
import { githubClient } from "./client.ts";
import { keepIssue } from "./issue.ts";

const MARKER = "<!-- marker -->";
let api: GitHubApi;
beforeEach(async () => {
  api = await startGitHubApi();
  vi.stubEnv("GITHUB_API_URL", api.url);
  vi.stubEnv("GITHUB_REPOSITORY", api.repository);
  vi.stubEnv("GITHUB_TOKEN", api.tokenFor({ issues: "write" }));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
});

const keep = (body?: string) =>
  keepIssue(githubClient(), MARKER, body === undefined ? undefined : { title: body, body }, "gone");

test("opens the issue, updates it, and closes it with a comment", async () => {
  expect(await keep()).toBe("none");
  expect(await keep("first")).toBe("opened");
  expect(await keep("second")).toBe("updated");
  expect(api.issues).toMatchObject([{ title: "second", body: `second\n${MARKER}`, state: "open" }]);
  expect(await keep()).toBe("closed");
  expect(api.issues).toMatchObject([{ state: "closed" }]);
  expect(api.comments).toMatchObject([{ issue: api.issues[0]?.number, body: "gone" }]);
  expect(await keep()).toBe("none");
});

test("opens a new issue instead of reopening a closed one", async () => {
  await keep("first");
  await keep();
  expect(await keep("again")).toBe("opened");
  expect(api.issues.map(({ state }) => state)).toEqual(["closed", "open"]);
});

test("ignores issues by others", async () => {
  const user = { login: "mallory", type: "User" } as const;
  api.issues.push({ number: 1, user, title: "fake", body: `x\n${MARKER}`, state: "open" });
  expect(await keep()).toBe("none");
  expect(await keep("ours")).toBe("opened");
  expect(api.issues[0]).toMatchObject({ title: "fake", state: "open" });
});
