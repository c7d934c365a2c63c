import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeAttackTestbed } from "./attack-testbed.ts";
import {
  approve,
  completed,
  makePullRequest,
  merged,
  onMain,
  opened,
  type PullRequest,
  pushAgain,
} from "./events.ts";
import { type RunResult, runWorkflow } from "./run-workflow.ts";
import type { GitHubTestbed } from "./testbed.ts";
import type { TriggerEvent } from "./workflow-run.ts";

/** Attacks on the review: merges whose plans nobody else approved as they are. Each test names what stops it. */
let testbed: GitHubTestbed;

beforeAll(async () => {
  testbed = await makeAttackTestbed();
});
afterAll(async () => {
  await testbed?.close();
});

async function start(file: string, event: TriggerEvent, until?: string): Promise<RunResult> {
  return await runWorkflow(testbed, file, event, until);
}

/** Synthesizes a pull request and shows its plan; does not scan. */
async function show(pullRequest: PullRequest): Promise<RunResult> {
  const built = await start("build.yml", opened(pullRequest, testbed), "stacks");
  return await start("review.yml", completed(built, testbed), "comment");
}

/** Opens a pull request and shows its plan. */
async function shown(branch: string): Promise<PullRequest> {
  const pullRequest = makePullRequest(testbed, branch, { [`service/.${branch}`]: "x\n" });
  const review = await show(pullRequest);
  expect(review.conclusion("comment"), review.log.slice(-3000)).toBe("success");
  expect(commentOf(pullRequest)?.body).toMatch(/rotation_period_in_days/);
  return pullRequest;
}

/** Merges a pull request, and runs Deploy up to the job that verifies the review. */
async function deployed(pullRequest: PullRequest): Promise<RunResult> {
  return await start("deploy.yml", merged(pullRequest, testbed), "plan");
}

const commentOf = ({ number }: PullRequest) =>
  testbed.api.comments.find(({ issue }) => issue === number);

/** Changes a comment, as anyone with write access or a workflow of a branch can. */
function editComment(pullRequest: PullRequest, body: (now: string) => string): void {
  const comment = commentOf(pullRequest);
  if (comment === undefined) throw new Error("There is no comment.");
  Object.assign(comment, { body: body(comment.body), updated_at: testbed.api.now() });
}

describe("a merge", () => {
  const REFUSED = /are not reviewed:/;
  const expectRefused = (run: RunResult, reason: RegExp) => {
    expect(run.conclusion("plan")).toBe("failure");
    expect(run.jobs.plan?.log).toMatch(REFUSED);
    expect(run.jobs.plan?.log).toMatch(reason);
  };

  test("of an approved pull request is accepted, which shows that the others are not refused by accident", async () => {
    const pullRequest = await shown("honest");
    approve(pullRequest, testbed);
    const run = await deployed(pullRequest);
    expect(run.conclusion("plan"), run.log.slice(-3000)).toBe("success");
    expect(JSON.parse(run.jobs.plan?.outputs.reviewed ?? "")).toHaveProperty("kms");
  });

  test("without an approval, or with the author's own, is stopped by the count of approvals", async () => {
    const pullRequest = await shown("own-approval");
    approve(pullRequest, testbed, "octocat");
    const run = await deployed(pullRequest);
    expectRefused(run, /1 approval is required, but 0 count/);
    expectRefused(run, /octocat: wrote or pushed a part of the change/);
  });

  test("after an edit of the comment is stopped by rendering the plans again", async () => {
    const pullRequest = await shown("edited-comment");
    editComment(pullRequest, (body) => `No changes.\n${body.split("\n").at(-1)}`);
    approve(pullRequest, testbed);
    expectRefused(await deployed(pullRequest), /comment of .* does not show the plans/);
  });

  test("after an edit that was restored is stopped by the time of the approval", async () => {
    const pullRequest = await shown("restored-comment");
    const body = commentOf(pullRequest)?.body ?? "";
    editComment(pullRequest, (now) => `No changes.\n${now}`);
    approve(pullRequest, testbed);
    editComment(pullRequest, () => body);
    expectRefused(await deployed(pullRequest), /reviewer: approved before the plans were shown/);
  });

  test("after the review's job was run again is stopped by the time of the approval", async () => {
    const pullRequest = await shown("run-again");
    approve(pullRequest, testbed);
    await show(pullRequest);
    expectRefused(await deployed(pullRequest), /reviewer: approved before the plans were shown/);
  });

  test("after a push that followed the approval is stopped by the approved commit", async () => {
    let pullRequest = await shown("pushed-after");
    approve(pullRequest, testbed);
    const approved = pullRequest.head;
    pullRequest = pushAgain(pullRequest, testbed, { "service/.pushed-after": "evil\n" });
    await show(pullRequest);
    expectRefused(
      await deployed(pullRequest),
      new RegExp(`reviewer: approved ${approved}, not ${pullRequest.head}`),
    );
  });

  test("with another record of the review, uploaded by a branch, is stopped by the run's origin", async () => {
    const pullRequest = makePullRequest(testbed, "forged-record", {
      ".github/workflows/review.yml": [
        "name: Review",
        "on: { pull_request: {} }",
        "permissions: {}",
        "defaults: { run: { shell: bash } }",
        "jobs:",
        "  forge:",
        "    runs-on: ubuntu-24.04",
        "    permissions: {}",
        "    steps:",
        "      - run: mkdir review && echo '{}' > review/review.json",
        "      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
        '        with: { name: "review-${{ github.event.pull_request.head.sha }}", path: review }',
        "",
      ].join("\n"),
    });
    const forged = await start("review.yml", opened(pullRequest, testbed));
    expect(testbed.api.artifacts.at(-1)).toMatchObject({
      name: `review-${pullRequest.head}`,
      run: forged.run.id,
    });
    approve(pullRequest, testbed);
    const run = await start("deploy.yml", onMain("push", mergedElsewhere(pullRequest)), "plan");
    expectRefused(run, /no run of \.github\/workflows\/review\.yml on main planned/);
    expect(run.log).toMatch(new RegExp(`Ignored: the artifact of run ${forged.run.id}`));
  });

  test("that adds files to what was reviewed is stopped by comparing the trees", async () => {
    const pullRequest = await shown("evil-merge");
    approve(pullRequest, testbed);
    const evil = testbed.gitRemote.commit("evil-merge-commit", {
      "service/.evil-merge": "x\n",
      "service/.more": "evil\n",
    });
    expectRefused(
      await deployed({ ...pullRequest, merge: evil }),
      new RegExp(`${evil} has other files than ${pullRequest.head}`),
    );
  });
});

/** Records a merge in the API only, so that main keeps its own workflows for the next tests. */
function mergedElsewhere({ number, merge }: PullRequest): string {
  const stored = testbed.api.pullRequests.find((each) => each.number === number);
  Object.assign(stored ?? {}, { merged_at: "2026-11-20T00:00:00Z", merge_commit_sha: merge });
  const definition = testbed.gitRemote.read("main", ".github/workflows/deploy.yml");
  expect(testbed.gitRemote.read(merge, ".github/workflows/deploy.yml")).toBe(definition);
  return merge;
}
