import { beforeAll, describe, expect, test } from "vitest";
import {
  approve,
  makePullRequest,
  merged,
  onMain,
  opened,
  type PullRequest,
  pushAgain,
} from "./events.ts";
import type { Testbed } from "./testbed.ts";
import { conclusions, IN_ORDER, type Pipeline } from "./use-pipeline.ts";
import type { TriggerEvent } from "./workflow-run.ts";

/** What follows the first review of a pull request, except for a deployment. */
export function testPullRequest(pipeline: Pipeline, reviewed: () => PullRequest): void {
  describe("a reviewed pull request", { concurrent: true }, () => {
    const copy = pipeline.fork();
    const { start, review } = copy;
    let testbed: Testbed;
    let change: PullRequest;
    beforeAll(() => {
      testbed = copy.testbed();
      change = reviewed();
    });

    test("is tested without credentials", IN_ORDER, async () => {
      const run = await start("pull-request.yml", opened(change, testbed));
      expect(conclusions(run, "check", "end-to-end", "passed"), run.log.slice(-2000)).toEqual({
        check: "success",
        "end-to-end": "success",
        passed: "success",
      });
      expect(Object.keys(run.jobs)).toContain("end-to-end (terraform)");
    });

    test("edits its comment after the next commit", IN_ORDER, async () => {
      change = pushAgain(change, testbed, { "service/.change": "second\n" });
      const run = await review(change);
      expect(conclusions(run, "plan", "comment")).toEqual({ plan: "success", comment: "success" });
      expect(testbed.api.comments).toHaveLength(1);
      expect(testbed.api.comments[0]?.body).toMatch(new RegExp(`Commit \`${change.head}\``));
    });

    test("from a fork is scanned but not planned, and the status says so", IN_ORDER, async () => {
      await testbed.emulator.takeCalls();
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
      expect(await testbed.emulator.takeCalls()).toEqual([]);
      expect(testbed.api.comments).toHaveLength(1);
      expect(testbed.api.statuses.at(-1)).toMatchObject({ sha: foreign.head, state: "success" });
    });

    testRefusals(copy, () => change);
  });
}

function testRefusals(pipeline: Pipeline, reviewed: () => PullRequest): void {
  const { start, aws } = pipeline;
  describe("is not deployed", IN_ORDER, () => {
    let testbed: Testbed;
    let merge: TriggerEvent;
    beforeAll(() => {
      testbed = pipeline.testbed();
      approve(reviewed(), testbed);
      merge = merged(reviewed(), testbed);
    });

    test("if the image has a vulnerability", IN_ORDER, async () => {
      testbed.environment.FAKE_SNYK = "container=1,0";
      const run = await start("deploy.yml", merge);
      delete testbed.environment.FAKE_SNYK;
      expect(conclusions(run, "build", "scan", "deploy", "stopped", "monitor")).toEqual({
        build: "success",
        scan: "failure",
        deploy: "skipped",
        stopped: "success",
        monitor: "skipped",
      });
      expect(run.summary).toMatch(/Nothing was changed in AWS: the previous version/);
      expect(run.log).toMatch(/snyk container test.*it found vulnerabilities/s);
      expect([...run.run.categories]).toContainEqual(expect.stringMatching(/^snyk-image/));
      expect(await clusters()).toEqual([]);
    });

    test("if there is no Snyk token and no reviewed plan", IN_ORDER, async () => {
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

    test("if the plan of any stack differs from the reviewed plan", IN_ORDER, async () => {
      const settings = testbed.variables.SETTINGS_DEV ?? "";
      testbed.variables.SETTINGS_DEV = `${settings}\nCIPHERWATCH_KEY_ROTATION_DAYS=180`;
      const run = await start("deploy.yml", merge);
      testbed.variables.SETTINGS_DEV = settings;
      expect(conclusions(run, "scan", "plan", "deploy")).toEqual({
        scan: "success",
        plan: "success",
        deploy: "failure",
      });
      const deploy = run.jobs.deploy;
      expect(deploy?.steps.apply?.outcome).toBe("failure");
      expect(deploy?.log).toMatch(/kms: aws_kms_key\.\w+: update: not in the reviewed plan/);
      expect(run.summary).toMatch(/Plans differ from the review: .*`kms`/);
      expect(run.summary).toMatch(
        /Not deployed to dev.*Applying the plan failed.*No version is running/s,
      );
      expect(await clusters()).toEqual([]);
    });
  });

  async function clusters(): Promise<readonly string[]> {
    const { clusterArns } = await aws<{ clusterArns: string[] }>("ecs", "list-clusters");
    return clusterArns;
  }
}
