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
import { conclusions } from "./use-pipeline.ts";
import type { TriggerEvent } from "./workflow-run.ts";

/** What follows the first review of a pull request and applies nothing: AWS and Terraform are fakes. */
let testbed: GitHubTestbed;
let change: PullRequest;
const logs: string[] = [];

beforeAll(async () => {
  testbed = await makeAttackTestbed();
  change = makePullRequest(testbed, "change", { "service/.change": "first\n" });
  const run = await review(change);
  expect(conclusions(run, "plan", "comment"), run.log.slice(-2000)).toEqual({
    plan: "success",
    comment: "success",
  });
});
afterAll(async () => {
  await testbed?.close();
});

async function start(file: string, event: TriggerEvent): Promise<RunResult> {
  const run = await runWorkflow(testbed, file, event);
  logs.push(run.log, run.summary);
  return run;
}

/** Builds and reviews a pull request, as GitHub does after a push. */
async function review(pullRequest: PullRequest, repository?: string): Promise<RunResult> {
  const built = await start("build.yml", opened(pullRequest, testbed, repository));
  return await start("review.yml", completed(built, testbed));
}

describe("a reviewed pull request", () => {
  test("is tested without credentials", async () => {
    const run = await start("pull-request.yml", opened(change, testbed));
    expect(conclusions(run, "check", "end-to-end", "passed"), run.log.slice(-2000)).toEqual({
      check: "success",
      "end-to-end": "success",
      passed: "success",
    });
    expect(Object.keys(run.jobs)).toContain("end-to-end (terraform)");
    expect(run.run.assumedRoles).toEqual([]);
  });

  test("edits its comment after the next commit", async () => {
    change = pushAgain(change, testbed, { "service/.change": "second\n" });
    const run = await review(change);
    expect(conclusions(run, "plan", "comment")).toEqual({ plan: "success", comment: "success" });
    expect(testbed.api.comments).toHaveLength(1);
    expect(testbed.api.comments[0]?.body).toMatch(new RegExp(`Commit \`${change.head}\``));
  });

  test("from a fork is scanned but not planned, and the status says so", async () => {
    const fork = "mallory/cipherwatch";
    const foreign = makePullRequest(testbed, "foreign", { "service/.foreign": "x\n" }, fork);
    const run = await review(foreign, fork);
    expect(conclusions(run, "scan", "plan", "scan-plans", "comment", "review")).toEqual({
      scan: "success",
      plan: "skipped",
      "scan-plans": "skipped",
      comment: "skipped",
      review: "success",
    });
    expect(run.log).toMatch(/No environment is planned/);
    expect(run.run.assumedRoles).toEqual([]);
    expect(testbed.api.comments).toHaveLength(1);
    expect(testbed.api.statuses.at(-1)).toMatchObject({ sha: foreign.head, state: "success" });
  });
});

describe("a merge is not deployed", () => {
  test("if the image has a vulnerability", async () => {
    approve(change, testbed);
    testbed.environment.FAKE_SNYK = "container=1,0";
    const run = await start("deploy.yml", merged(change, testbed));
    delete testbed.environment.FAKE_SNYK;
    const jobs = ["build", "scan", "plan", "scan-plans", "deploy", "stopped", "monitor"];
    expect(conclusions(run, ...jobs), run.jobs.plan?.log.slice(-2000)).toEqual({
      build: "success",
      scan: "failure",
      plan: "success",
      "scan-plans": "success",
      deploy: "skipped",
      stopped: "success",
      monitor: "skipped",
    });
    expect(run.summary).toMatch(/Nothing was changed in AWS: the previous version/);
    expect(run.log).toMatch(/snyk container test.*it found vulnerabilities/s);
    expect([...run.run.categories]).toContainEqual(expect.stringMatching(/^snyk-image/));
    expect(run.run.assumedRoles).toEqual([expect.stringMatching(/cipherwatch-dev-plan$/)]);
  });

  test("if there is no Snyk token and no reviewed plan", async () => {
    const token = testbed.secrets.snyk?.SNYK_TOKEN ?? "";
    delete testbed.secrets.snyk?.SNYK_TOKEN;
    const direct = testbed.gitRemote.commit("direct", { "service/.direct": "x\n" });
    const run = await start("deploy.yml", onMain("push", direct));
    Object.assign(testbed.secrets.snyk ?? {}, { SNYK_TOKEN: token });
    expect(conclusions(run, "build", "scan", "plan", "deploy")).toEqual({
      build: "success",
      scan: "failure",
      plan: "failure",
      deploy: "skipped",
    });
    expect(run.jobs.scan?.log).toMatch(/SNYK_TOKEN is not set/);
    expect(run.jobs.plan?.log).toMatch(
      /plans of [0-9a-f]{40} are not reviewed:%0A\s+no pull request was merged as this commit/,
    );
    expect(run.run.assumedRoles).toEqual([]);
  });
});

test("prints no secret in logs and comments", () => {
  const texts = [...logs, ...testbed.api.comments.map(({ body }) => body)];
  expect(testbed.issuedSecrets.length).toBeGreaterThan(1);
  const found = testbed.issuedSecrets.filter((secret) =>
    texts.some((text) => text.includes(secret)),
  );
  expect(found).toEqual([]);
});
