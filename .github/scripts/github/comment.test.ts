import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type GitHubApi, startGitHubApi } from "../testing/github-api.ts";
import { githubClient } from "./client.ts";
import { COMMENT_MARKER, findComment, upsertComment } from "./comment.ts";

let api: GitHubApi;
beforeEach(async () => {
  api = await startGitHubApi();
  vi.stubEnv("GITHUB_API_URL", api.url);
  vi.stubEnv("GITHUB_REPOSITORY", api.repository);
  vi.stubEnv("GITHUB_TOKEN", api.tokenFor({ "pull-requests": "write" }));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
});

const somebody = { login: "mallory", type: "User" } as const;
const bot = { login: "github-actions[bot]", type: "Bot" } as const;

test("creates the comment once and then updates it", async () => {
  await upsertComment(githubClient(), 7, "first");
  await upsertComment(githubClient(), 7, "second");
  expect(api.comments).toMatchObject([{ issue: 7, body: `second\n${COMMENT_MARKER}` }]);
});

test("finds the comment after a hundred others", async () => {
  for (let id = 1; id <= 130; id += 1) {
    api.comments.push({ id, issue: 7, user: somebody, body: `comment ${id}` });
  }
  await upsertComment(githubClient(), 7, "first");
  await upsertComment(githubClient(), 7, "second");
  expect(api.comments).toHaveLength(131);
  expect(api.comments.at(-1)?.body).toMatch(/^second/);
});

test("ignores comments by others with the marker, and other comments by the bot", async () => {
  const others = [
    { id: 1, issue: 7, user: somebody, body: `fake\n${COMMENT_MARKER}` },
    { id: 2, issue: 7, user: { ...bot, type: "User" as const }, body: `fake\n${COMMENT_MARKER}` },
    { id: 3, issue: 7, user: bot, body: `quoting ${COMMENT_MARKER} in the middle` },
    { id: 4, issue: 8, user: bot, body: `of another pull request\n${COMMENT_MARKER}` },
  ];
  api.comments.push(...others.map((comment) => ({ ...comment })));
  expect(await findComment(githubClient(), 7)).toBeUndefined();
  await upsertComment(githubClient(), 7, "ours");
  expect(api.comments.slice(0, 4)).toEqual(others);
  expect(api.comments).toHaveLength(5);
});

test("names the missing permission if GitHub rejects the request", async () => {
  vi.stubEnv("GITHUB_TOKEN", api.tokenFor({ "pull-requests": "read" }));
  await expect(upsertComment(githubClient(), 7, "text")).rejects.toThrow(
    /GitHub rejected POST .*Resource not accessible by integration.*job's permissions in the workflow/,
  );
  expect(api.comments).toEqual([]);
});
