import { expect, test } from "vitest";
import { settings } from "./pipeline.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  githubRepository: [
    "GITHUB_REPOSITORY",
    "example-org/cipherwatch",
    "example-org/cipherwatch",
    {
      "https://github.com/example-org/cipherwatch": /^is not a valid GitHub repository$/,
      "example-org/*": /^is not a valid GitHub repository$/,
    },
  ],
  githubRepositoryIds: [
    "GITHUB_REPOSITORY_IDS",
    "123456/456789",
    "123456/456789",
    { 456789: /^is not a valid pair of GitHub owner and repository IDs$/ },
  ],
  githubEnvironment: [
    "GITHUB_ENVIRONMENT",
    "sydney-1",
    "sydney-1",
    { "production*": /^is not a GitHub environment name/ },
  ],
  githubOidcProvider: ["GITHUB_OIDC_PROVIDER", "no", false, { there: /must be true or false/ }],
});

test("derives the GitHub environment from the environment", () => {
  expect(settingsOf().githubEnvironment).toBe("dev");
  expect(settingsOf({ ENV: "prod" }).githubEnvironment).toBe("production");
});

test("rejects repository IDs without a repository", () => {
  expect(issuesOf({ GITHUB_REPOSITORY_IDS: "123456/456789" })).toMatchObject([
    {
      variable: "CIPHERWATCH_GITHUB_REPOSITORY",
      message: "must be set if CIPHERWATCH_GITHUB_REPOSITORY_IDS is",
    },
  ]);
});
