import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run as runCommand } from "../../common/run.ts";
import { makePullRequest, merged, onMain, opened, type PullRequest } from "./events.ts";
import { type RunResult, runWorkflow } from "./run-workflow.ts";
import { makeTestbed, type Testbed } from "./testbed.ts";
import type { TriggerEvent } from "./workflow-run.ts";

let testbed: Testbed;
const runs: RunResult[] = [];

beforeAll(async () => {
  console.log(
    "Real: the workflows and their scripts, Terraform, the service that the smoke test calls. " +
      "Fake: AWS (moto), GitHub's API and actions, Snyk, npm, Docker's builder, skopeo.",
  );
  testbed = await makeTestbed();
}, 30 * 60_000);
afterAll(async () => {
  await testbed?.close();
});

async function start(file: string, event: TriggerEvent): Promise<RunResult> {
  console.log(`${file} by ${event.name}`);
  const result = await runWorkflow(testbed, file, event);
  runs.push(result);
  return result;
}

const conclusions = ({ conclusion }: RunResult, ...jobs: readonly string[]) =>
  Object.fromEntries(jobs.map((job) => [job, conclusion(job)]));

async function aws<T>(...args: readonly string[]): Promise<T> {
  const { stdout } = await runCommand(["aws", ...args, "--output", "json"], {
    cwd: ".",
    env: testbed.adminEnv,
  });
  return (stdout.trim() === "" ? undefined : JSON.parse(stdout)) as T;
}

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

describe("a reviewed plan", () => {
  let first: RunResult;
  let digest: string;

  test("is deployed: pushes, attests, applies, verifies and monitors the image", async () => {
    first = await start("deploy.yml", merged(change, testbed));
    const jobs = ["build", "scan", "plan", "scan-plans", "deploy", "monitor"];
    expect(conclusions(first, ...jobs), first.log.slice(-2000)).toEqual(
      Object.fromEntries(jobs.map((job) => [job, "success"])),
    );
    expect(first.conclusion("stopped")).toBe("skipped");
    digest = first.jobs.scan?.outputs.digest ?? "";
    expect(first.jobs.build?.outputs.digest).toBe(digest);
    expect(first.run.attested).toEqual([
      expect.stringMatching(`cipherwatch-dev-service@${digest}$`),
    ]);
    expect(first.run.assumedRoles).toEqual([
      expect.stringMatching(/cipherwatch-dev-plan$/),
      expect.stringMatching(/cipherwatch-dev-deploy$/),
    ]);
    expect(await servingDigest()).toBe(digest);
  });

  test("is tested with real requests to the load balancer's address", () => {
    expect(testbed.proxy.requestedHosts).toContainEqual(
      expect.stringMatching(/elb\.amazonaws\.com:80$/),
    );
    expect(first.log).toMatch(/ready, healthy, encrypts, decrypts, rejects a wrong Key, forgets/);
  });

  test("is summarized with its addresses", () => {
    expect(first.summary).toMatch(/### Deployed to dev/);
    expect(first.summary).toMatch(/\| service \| http:\/\/\S+elb\.amazonaws\.com \|/);
    expect(first.summary).toMatch(new RegExp(`cipherwatch-dev-service@${digest}`));
    expect(first.summary).toMatch(/previous image \| none: this is the first deployment/);
  });

  test("is rolled back to the previous image if the smoke test fails, in a deployment by hand", async () => {
    const { merge } = makePullRequest(testbed, "broken", "service/.broken", "x\n");
    testbed.proxy.broken = true;
    const run = await start(
      "deploy.yml",
      onMain("workflow_dispatch", merge, { environment: "dev" }),
    );
    testbed.proxy.broken = false;
    expect(conclusions(run, "plan", "deploy", "monitor")).toEqual({
      plan: "success",
      deploy: "failure",
      monitor: "skipped",
    });
    expect(
      Object.entries(run.jobs.deploy?.steps ?? {}).map(([id, { outcome }]) => `${id}: ${outcome}`),
      run.jobs.deploy?.log.slice(-2000),
    ).toEqual(
      expect.arrayContaining([
        "apply: success",
        "smoke-test: failure",
        "roll-back: success",
        "after: success",
      ]),
    );
    expect(run.summary).toMatch(
      new RegExp(
        `Not deployed to dev.*The smoke test failed.*The previous version, ${digest}, was restored and is running`,
        "s",
      ),
    );
    expect(await servingDigest()).toBe(digest);
  });

  async function servingDigest(): Promise<string | undefined> {
    const [cluster = ""] = await clusters();
    const { serviceArns } = await aws<{ serviceArns: string[] }>(
      ...["ecs", "list-services", "--cluster", cluster],
    );
    const { services } = await aws<{ services: { taskDefinition: string }[] }>(
      ...["ecs", "describe-services", "--cluster", cluster, "--services", serviceArns[0] ?? ""],
    );
    const { taskDefinition } = await aws<{
      taskDefinition: { containerDefinitions: { image: string }[] };
    }>("ecs", "describe-task-definition", "--task-definition", services[0]?.taskDefinition ?? "");
    return taskDefinition.containerDefinitions[0]?.image.split("@")[1];
  }
});

describe("the nightly drift check", () => {
  const GROUP = "/cipherwatch/dev/service";

  test("opens no issue while AWS matches the deployment", async () => {
    testbed.api.deployments.push(
      { id: 1, environment: "dev", sha: change.merge, states: ["success"] },
      { id: 2, environment: "dev", sha: testbed.gitRemote.main(), states: ["failure"] },
    );
    const run = await start("drift.yml", onMain("schedule", testbed.gitRemote.main()));
    expect(conclusions(run, "deployed", "plan", "report"), run.log.slice(-2000)).toEqual({
      deployed: "success",
      plan: "success",
      report: "success",
    });
    expect(run.summary).toMatch(/No changes\./);
    expect(testbed.api.issues).toEqual([]);
  });

  test("opens an issue for a manual change and closes it once the change is gone", async () => {
    const retention = (days: number) =>
      aws(
        "logs",
        "put-retention-policy",
        "--log-group-name",
        GROUP,
        "--retention-in-days",
        String(days),
      );
    await retention(1);
    await start("drift.yml", onMain("schedule", testbed.gitRemote.main()));
    expect(testbed.api.issues).toMatchObject([{ title: "Drift in dev", state: "open" }]);
    expect(testbed.api.issues[0]?.body).toMatch(
      /retention_in_days = 1\n\+ {5}retention_in_days = 30/,
    );
    await retention(30);
    await start("drift.yml", onMain("schedule", testbed.gitRemote.main()));
    expect(testbed.api.issues).toMatchObject([{ state: "closed" }]);
  });
});

test("prints no secret in logs, summaries, comments and issues", () => {
  const texts = [
    ...runs.flatMap(({ log, summary }) => [log, summary]),
    ...testbed.api.comments.map(({ body }) => body),
    ...testbed.api.issues.map(({ body }) => body),
  ];
  expect(testbed.issuedSecrets.length).toBeGreaterThan(3);
  const found = testbed.issuedSecrets.filter((secret) =>
    texts.some((text) => text.includes(secret)),
  );
  expect(found).toEqual([]);
});
