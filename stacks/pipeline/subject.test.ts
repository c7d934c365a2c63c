import { expect, test } from "vitest";
import { subjectOf } from "./subject.ts";

test("builds the subject with the repository's name, and with the ids if they are set", () => {
  const name = "octocat/my-repo";
  expect(subjectOf({ name }, "pull_request")).toBe("repo:octocat/my-repo:pull_request");
  expect(subjectOf({ name, ids: "123456/456789" }, "ref:refs/heads/main")).toBe(
    "repo:octocat@123456/my-repo@456789:ref:refs/heads/main",
  );
});
