import { expect, test } from "vitest";
import { subjectOf } from "./subject.ts";

test("a subject names the repository, and with ids both owner and repository by theirs", () => {
  const name = "octocat/my-repo";
  expect(subjectOf({ name }, "pull_request")).toBe("repo:octocat/my-repo:pull_request");
  expect(subjectOf({ name, ids: "123456/456789" }, "ref:refs/heads/main")).toBe(
    "repo:octocat@123456/my-repo@456789:ref:refs/heads/main",
  );
});
