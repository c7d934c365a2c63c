import { expect, test } from "vitest";
import { settings } from "./pipeline.ts";
import { problemsOf, settingsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  githubRepository: [
    "GITHUB_REPOSITORY",
    "example-org/cipherwatch",
    "example-org/cipherwatch",
    {
      "https://github.com/example-org/cipherwatch": /GitHub/,
      "example-org/*": /GitHub/,
    },
  ],
  githubRepositoryIds: [
    "GITHUB_REPOSITORY_IDS",
    "123456/456789",
    "123456/456789",
    { 456789: /no ids of a GitHub repository/ },
  ],
  githubEnvironment: [
    "GITHUB_ENVIRONMENT",
    "sydney-1",
    "sydney-1",
    { "production*": /environment/ },
  ],
  githubOidcProvider: ["GITHUB_OIDC_PROVIDER", "no", false, { there: /neither true nor false/ }],
});

test("the environment of GitHub follows ours", () => {
  expect(settingsOf().githubEnvironment).toBe("dev");
  expect(settingsOf({ ENV: "prod" }).githubEnvironment).toBe("production");
});

test("ids of a repository without its name are refused", () => {
  expect(problemsOf({ GITHUB_REPOSITORY_IDS: "123456/456789" })).toMatchObject([
    {
      variable: "CIPHERWATCH_GITHUB_REPOSITORY",
      wrong: "ids without the repository they are of are of no use",
    },
  ]);
});
