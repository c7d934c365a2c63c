import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { approvalPolicy } from "./reviewed.ts";
import { fixture } from "./testing/fixtures.ts";
import { type GitHubApi, startGitHubApi } from "./testing/github-api.ts";
import type { StoredRun } from "./testing/github-reviews.ts";
import { DIGEST, HEAD, MERGE, type MergedExample, mergedExample } from "./testing/reviewed.ts";

let api: GitHubApi;
let example: MergedExample;
beforeEach(async () => {
  api = await startGitHubApi();
  vi.stubEnv("GITHUB_API_URL", api.url);
  vi.stubEnv("GITHUB_REPOSITORY", api.repository);
  vi.stubEnv(
    "GITHUB_TOKEN",
    api.tokenFor({ actions: "read", contents: "read", "pull-requests": "read" }),
  );
  example = mergedExample(api);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
});

test("returns the plans that the comment shows and somebody approved", async () => {
  example.approve();
  expect(await example.reviewed()).toEqual({ kms: DIGEST });
});

describe("rejects", () => {
  test("a commit without a merged pull request, and says how to go on", async () => {
    api.pullRequests.length = 0;
    await expect(example.reviewed()).rejects.toThrow(
      /plans of b{40} are not reviewed:\n.*no pull request was merged.*Run Deploy by hand for dev/s,
    );
  });

  test("plans of another commit than the merged one", async () => {
    example.approve();
    example.record = { ...example.record, commit: "d".repeat(40) };
    await expect(example.reviewed()).rejects.toThrow(
      /made for d{40} .* but a{40} of #7 was merged/,
    );
  });

  test("a merge that contains other files than the reviewed head", async () => {
    example.approve();
    api.git.tree = (commit) => (commit === MERGE ? "evil" : "tree");
    await expect(example.reviewed()).rejects.toThrow(/b{40} has other files than a{40}/);
  });

  test("a saved plan that renders differently", async () => {
    example.approve();
    example.plan = fixture("destroy-key.json");
    await expect(example.reviewed()).rejects.toThrow(/saved plan of kms is not the one/);
  });

  test("a comment that was edited to show something else", async () => {
    example.editComment(`No changes.\n${api.comments[0]?.body.split("\n").at(-1)}`);
    example.approve();
    await expect(example.reviewed()).rejects.toThrow(/comment of pull request #7 does not show/);
  });

  test("a comment that was edited, approved and restored", async () => {
    const body = api.comments[0]?.body ?? "";
    example.editComment(`No changes.\n${body}`);
    example.approve();
    example.editComment(body);
    await expect(example.reviewed()).rejects.toThrow(
      /reviewer: approved before the plans were shown/,
    );
  });

  test("a comment by somebody else", async () => {
    const [comment] = api.comments.splice(0);
    if (comment !== undefined)
      api.comments.push({ ...comment, user: { login: "mallory", type: "User" } });
    example.approve();
    await expect(example.reviewed()).rejects.toThrow(/#7 has no comment with plans/);
  });

  test("an environment without plans", async () => {
    example.approve();
    await expect(example.reviewed({}, "prod")).rejects.toThrow(/#7 has no plans of prod/);
  });
});

describe("does not count", () => {
  const refused = (message: RegExp, policy?: Parameters<MergedExample["reviewed"]>[0]) =>
    expect(example.reviewed(policy)).rejects.toThrow(message);

  test("a missing approval", async () => {
    await refused(/1 approval is required, but 0 count/);
  });

  test("an approval of an earlier commit", async () => {
    example.approve("reviewer", { commit_id: "d".repeat(40) });
    await refused(/reviewer: approved d{40}, not a{40}/);
  });

  test("an approval that was dismissed", async () => {
    example.approve("reviewer", { state: "DISMISSED" });
    await refused(/reviewer: the approval was dismissed/);
  });

  test("an approval that the same person took back", async () => {
    example.approve();
    example.approve("reviewer", { state: "CHANGES_REQUESTED" });
    await refused(/reviewer requested changes/);
  });

  test("an approval by somebody who may only read", async () => {
    example.approve("mallory");
    await refused(/mallory: may not write to the repository/);
  });

  test("an approval by a bot", async () => {
    example.approve("github-actions[bot]", { user: { login: "github-actions", type: "Bot" } });
    await refused(/but 0 count/);
  });

  test("an approval by someone who opened, pushed or wrote the change, unless a setting allows it", async () => {
    example.approve("octocat");
    await refused(/octocat: wrote or pushed a part of the change/);
    expect(await example.reviewed({ authorsCount: true })).toEqual({ kms: DIGEST });
    api.commitAuthors.set(7, ["octocat", "reviewer"]);
    example.approve();
    await refused(/reviewer: wrote or pushed/);
    api.commitAuthors.set(7, ["octocat"]);
    example.record = { ...example.record, pushedBy: "reviewer" };
    await refused(/reviewer: wrote or pushed/);
  });

  test("an approval by someone who pushed the head before another person opened the pull request again", async () => {
    for (const [id, login] of ["octocat", "reviewer", "octocat"].entries())
      api.runs.push(buildOf(HEAD, id, login));
    example.approve();
    await refused(/reviewer: wrote or pushed/);
  });

  test("any approval if GitHub lists only a part of the commits, unless authors may approve", async () => {
    api.commitAuthors.set(7, [...Array(250).fill("octocat"), "reviewer"]);
    example.approve();
    await refused(/#7 has 250 commits or more\. GitHub lists only 250 of them/);
    expect(await example.reviewed({ authorsCount: true })).toEqual({ kms: DIGEST });
    api.commitAuthors.set(7, Array(249).fill("octocat"));
    expect(await example.reviewed()).toEqual({ kms: DIGEST });
  });

  test("two approvals by one person", async () => {
    example.approve();
    example.approve();
    await refused(/2 approvals are required, but 1 counts/, { required: 2 });
    api.collaborators.set("second", "admin");
    example.approve("second");
    expect(await example.reviewed({ required: 2 })).toEqual({ kms: DIGEST });
  });

  test("a comment of a reviewer as taking back the approval", async () => {
    example.approve();
    example.approve("reviewer", { state: "COMMENTED" });
    expect(await example.reviewed()).toEqual({ kms: DIGEST });
  });
});

/** A run of Build pull request. */
function buildOf(head_sha: string, id: number, login: string): StoredRun {
  return {
    id,
    path: ".github/workflows/build.yml",
    event: "pull_request",
    head_branch: "change",
    head_sha,
    head_repository: { full_name: api.repository, owner: { login: "example-org" } },
    actor: { login },
  };
}

test("needs no approval if the setting says so, but the comment and the plans must still match", async () => {
  expect(await example.reviewed({ required: 0 })).toEqual({ kms: DIGEST });
  example.editComment("No changes.");
  await expect(example.reviewed({ required: 0 })).rejects.toThrow(/no comment with plans/);
});

test("reads the policy from the variables of the repository", () => {
  expect(approvalPolicy()).toEqual({ required: 1, authorsCount: false });
  expect(approvalPolicy("2", "true")).toEqual({ required: 2, authorsCount: true });
  expect(() => approvalPolicy("none")).toThrow(
    /REQUIRED_APPROVALS must be an integer between 0 and 9, received "none"/,
  );
  expect(() => approvalPolicy("1", "yes")).toThrow(/AUTHORS_MAY_APPROVE must be true or false/);
});
