import { beforeAll, describe, expect, test } from "vitest";
import { makePullRequest, merged, onMain, opened, type PullRequest } from "./events.ts";
import type { Testbed } from "./testbed.ts";
import { conclusions, testSecrets, usePipeline } from "./use-pipeline.ts";
import type { TriggerEvent } from "./workflow-run.ts";

const pipeline = usePipeline();
const { start, aws } = pipeline;
let testbed: Testbed;
beforeAll(() => {
  testbed = pipeline.testbed();
});

async function clusters(): Promise<readonly string[]> {
  const { clusterArns } = await aws<{ clusterArns: string[] }>("ecs", "list-clusters");
  return clusterArns;
}

let change: PullRequest;

describe("a pull request", () => {
  test("is checked, scanned, planned with the plan role, and gets one comment", async () => {
    change = makePullRequest(testbed, "change", "service/.change", "first\n");
    const run = await start("pull-request.yml", opened(change, testbed));
    const jobs = ["check", "image", "scan", "plan", "scan-plans", "comment", "passed"];
    expect(conclusions(run, ...jobs), run.log.slice(-2000)).toEqual(
      Object.fromEntries(jobs.map((job) => [job, "success"])),
    );
    expect(run.run.assumedRoles).toEqual([expect.stringMatching(/role\/.*cipherwatch-dev-plan$/)]);
    expect([...run.run.categories]).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^snyk-image/),
        expect.stringMatching(/^snyk-plans/),
      ]),
    );
    expect(testbed.api.comments).toMatchObject([{ issue: change.number }]);
    const [comment] = testbed.api.comments;
    expect(comment?.body).toMatch(new RegExp(`Commit \`${change.head}\``));
    expect(comment?.body).toMatch(/^\| service \| 0 \| \d\d \| 0 \| 0 \|$/m);
    expect(comment?.body).toMatch(/^No changes: .*`kms`/m);
  });

  test("edits its comment after the next commit", async () => {
    const head = testbed.gitRemote.commit("change", "service/.change", "second\n");
    change = { ...change, head, merge: testbed.gitRemote.merge("change", "merge-of-change") };
    const run = await start("pull-request.yml", opened(change, testbed));
    expect(conclusions(run, "plan", "comment")).toEqual({ plan: "success", comment: "success" });
    expect(testbed.api.comments).toHaveLength(1);
    expect(testbed.api.comments[0]?.body).toMatch(new RegExp(`Commit \`${head}\``));
  });

  test("from a fork is only checked, and the summary says why", async () => {
    await testbed.emulator.takeCalls();
    const foreign = makePullRequest(testbed, "foreign", "service/.foreign", "x\n");
    const run = await start("pull-request.yml", opened(foreign, testbed, "mallory/cipherwatch"));
    expect(
      conclusions(run, "check", "end-to-end", "image", "scan", "plan", "scan-plans", "comment"),
    ).toEqual({
      check: "success",
      "end-to-end": "success",
      image: "skipped",
      scan: "skipped",
      plan: "skipped",
      "scan-plans": "skipped",
      comment: "skipped",
    });
    expect(run.conclusion("passed")).toBe("success");
    expect(run.summary).toMatch(/comes from mallory\/cipherwatch.*no access to AWS/);
    expect(await testbed.emulator.takeCalls()).toEqual([]);
    expect(testbed.api.comments).toHaveLength(1);
  });

  test("gets neither role nor token if its payload hides that it is from a fork", async () => {
    const foreign = makePullRequest(testbed, "pretender", "service/.pretender", "x\n");
    const run = await start("pull-request.yml", { ...opened(foreign, testbed), fork: true });
    expect(conclusions(run, "scan", "plan", "scan-plans", "comment", "passed")).toEqual({
      scan: "failure",
      plan: "failure",
      "scan-plans": "skipped",
      comment: "failure",
      passed: "failure",
    });
    expect(run.log).toMatch(/the job has no OIDC token/);
    expect(run.log).toMatch(/SNYK_TOKEN is not set/);
    expect(run.log).toMatch(/Resource not accessible by integration/);
    expect(run.run.assumedRoles).toEqual([]);
    expect(testbed.api.comments).toHaveLength(1);
  });
});

describe("a deployment is refused", () => {
  let merge: TriggerEvent;
  beforeAll(() => {
    merge = merged(change, testbed);
  });

  test("if the image has a vulnerability", async () => {
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

  test("if there is no Snyk token and no reviewed plan", async () => {
    const token = testbed.secrets.snyk?.SNYK_TOKEN ?? "";
    delete testbed.secrets.snyk?.SNYK_TOKEN;
    const run = await start("deploy.yml", onMain("push", testbed.gitRemote.main()));
    Object.assign(testbed.secrets.snyk ?? {}, { SNYK_TOKEN: token });
    expect(conclusions(run, "build", "scan", "plan", "deploy")).toEqual({
      build: "success",
      scan: "failure",
      plan: "failure",
      deploy: "skipped",
    });
    expect(run.jobs.scan?.log).toMatch(/SNYK_TOKEN is not set/);
    expect(run.jobs.plan?.log).toMatch(
      /no reviewed plan of [0-9a-f]{40}: no pull request was merged as this commit/,
    );
    expect(run.run.assumedRoles).toEqual([]);
  });

  test("if the plan of any stack differs from the reviewed plan", async () => {
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

testSecrets(pipeline);
