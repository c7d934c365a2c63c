import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run as command } from "../../common/run.ts";
import { play, type RunResult } from "./run.ts";
import type { Event } from "./running.ts";
import { makeWorld, type World } from "./world.ts";

let world: World;
const played: RunResult[] = [];

beforeAll(async () => {
  console.log(
    "Real: the workflows' YAML and scripts, Terraform, the service that the smoke test asks. " +
      "Stood in for: AWS by moto, GitHub's API and its actions, Snyk, npm, Docker's builder, skopeo.",
  );
  world = await makeWorld();
}, 30 * 60_000);
afterAll(async () => {
  await world?.close();
});

async function start(file: string, event: Event): Promise<RunResult> {
  console.log(`${file} by ${event.name}`);
  const result = await play(world, file, event);
  played.push(result);
  return result;
}

const results = ({ result }: RunResult, ...jobs: readonly string[]) =>
  Object.fromEntries(jobs.map((job) => [job, result(job)]));

/** A pull request's head, and the merge that GitHub makes of it to check. */
interface PullRequest {
  readonly number: number;
  readonly head: string;
  readonly merge: string;
}

let numbers = 6;
function pullRequest(branch: string, file: string, content: string): PullRequest {
  numbers += 1;
  const head = world.origin.commit(branch, file, content);
  return { number: numbers, head, merge: world.origin.merge(branch, `merge-of-${branch}`) };
}

function opened({ number, head, merge }: PullRequest, repository = world.api.repository): Event {
  const fork = repository !== world.api.repository;
  const payload = {
    pull_request: {
      number,
      head: { sha: head, repo: { full_name: repository } },
      user: { login: fork ? "mallory" : "octocat" },
    },
  };
  return { name: "pull_request", ref: `refs/pull/${number}/merge`, sha: merge, payload, fork };
}

/** As if it had been merged as this commit of main. */
function merged({ number, head, merge }: PullRequest): Event {
  if (!world.api.pullRequests.some((known) => known.number === number)) {
    world.api.pullRequests.push({
      number,
      head: { sha: head },
      merged_at: "2026-11-20T00:00:00Z",
      merge_commit_sha: merge,
    });
  }
  return onMain("push", merge);
}

function onMain(
  name: Event["name"],
  sha: string,
  inputs: Readonly<Record<string, string>> = {},
): Event {
  const payload = { repository: { private: false } };
  return { name, ref: "refs/heads/main", sha, payload, inputs };
}

async function aws<T>(...args: readonly string[]): Promise<T> {
  const { stdout } = await command(["aws", ...args, "--output", "json"], {
    cwd: ".",
    env: world.administrator,
  });
  return (stdout.trim() === "" ? undefined : JSON.parse(stdout)) as T;
}

async function clusters(): Promise<readonly string[]> {
  const { clusterArns } = await aws<{ clusterArns: string[] }>("ecs", "list-clusters");
  return clusterArns;
}

let change: PullRequest;

describe("a pull request", () => {
  test("is checked, scanned, planned with the plan role, and commented on once", async () => {
    change = pullRequest("change", "service/.change", "first\n");
    const run = await start("pull-request.yml", opened(change));
    const jobs = ["check", "image", "scan", "plan", "scan-plans", "comment", "passed"];
    expect(results(run, ...jobs), run.log.slice(-2000)).toEqual(
      Object.fromEntries(jobs.map((job) => [job, "success"])),
    );
    expect(run.run.rolesTaken).toEqual([expect.stringMatching(/role\/.*cipherwatch-dev-plan$/)]);
    expect([...run.run.categories]).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^snyk-image/),
        expect.stringMatching(/^snyk-plans/),
      ]),
    );
    expect(world.api.comments).toMatchObject([{ issue: change.number }]);
    const [comment] = world.api.comments;
    expect(comment?.body).toMatch(new RegExp(`Commit \`${change.head}\``));
    expect(comment?.body).toMatch(/^\| service \| \d\d \| 0 \| 0 \| 0 \|$/m);
    expect(comment?.body).toMatch(/^No changes: .*`kms`/m);
  });

  test("of which the next commit edits the comment", async () => {
    const head = world.origin.commit("change", "service/.change", "second\n");
    change = { ...change, head, merge: world.origin.merge("change", "merge-of-change") };
    const run = await start("pull-request.yml", opened(change));
    expect(results(run, "plan", "comment")).toEqual({ plan: "success", comment: "success" });
    expect(world.api.comments).toHaveLength(1);
    expect(world.api.comments[0]?.body).toMatch(new RegExp(`Commit \`${head}\``));
  });

  test("from a fork is checked alone, and its author is told why", async () => {
    await world.emulator.takeCalls();
    const foreign = pullRequest("foreign", "service/.foreign", "x\n");
    const run = await start("pull-request.yml", opened(foreign, "mallory/cipherwatch"));
    expect(
      results(run, "check", "end-to-end", "image", "scan", "plan", "scan-plans", "comment"),
    ).toEqual({
      check: "success",
      "end-to-end": "success",
      image: "skipped",
      scan: "skipped",
      plan: "skipped",
      "scan-plans": "skipped",
      comment: "skipped",
    });
    expect(run.result("passed")).toBe("success");
    expect(run.summary).toMatch(/comes from mallory\/cipherwatch.*no access to AWS/);
    expect(await world.emulator.takeCalls()).toEqual([]);
    expect(world.api.comments).toHaveLength(1);
  });

  test("that pretends not to be from a fork gets neither role nor token", async () => {
    const foreign = pullRequest("pretender", "service/.pretender", "x\n");
    const run = await start("pull-request.yml", { ...opened(foreign), fork: true });
    expect(results(run, "scan", "plan", "scan-plans", "comment", "passed")).toEqual({
      scan: "failure",
      plan: "failure",
      "scan-plans": "skipped",
      comment: "failure",
      passed: "failure",
    });
    expect(run.log).toMatch(/gets no token of its identity/);
    expect(run.log).toMatch(/SNYK_TOKEN is not set/);
    expect(run.log).toMatch(/Resource not accessible by integration/);
    expect(run.run.rolesTaken).toEqual([]);
    expect(world.api.comments).toHaveLength(1);
  });
});

describe("nothing is deployed", () => {
  let merge: Event;
  beforeAll(() => {
    merge = merged(change);
  });

  test("of an image with a vulnerability", async () => {
    world.environment.SNYK_STAND_IN = "container=1,0";
    const run = await start("deploy.yml", merge);
    delete world.environment.SNYK_STAND_IN;
    expect(results(run, "build", "scan", "deploy", "stopped", "monitor")).toEqual({
      build: "success",
      scan: "failure",
      deploy: "skipped",
      stopped: "success",
      monitor: "skipped",
    });
    expect(run.summary).toMatch(/Nothing was changed in AWS: the version that served before/);
    expect(run.log).toMatch(/snyk container test.*it found vulnerabilities/s);
    expect([...run.run.categories]).toContainEqual(expect.stringMatching(/^snyk-image/));
    expect(await clusters()).toEqual([]);
  });

  test("that was not scanned for want of a token, nor reviewed", async () => {
    const token = world.secrets.snyk?.SNYK_TOKEN ?? "";
    delete world.secrets.snyk?.SNYK_TOKEN;
    const run = await start("deploy.yml", onMain("push", world.origin.main()));
    Object.assign(world.secrets.snyk ?? {}, { SNYK_TOKEN: token });
    expect(results(run, "build", "scan", "plan", "deploy")).toEqual({
      build: "success",
      scan: "failure",
      plan: "failure",
      deploy: "skipped",
    });
    expect(run.jobs.scan?.log).toMatch(/SNYK_TOKEN is not set/);
    expect(run.jobs.plan?.log).toMatch(
      /no reviewed plan of [0-9a-f]{40}: no pull request was merged as this commit/,
    );
    expect(run.run.rolesTaken).toEqual([]);
  });

  test("that is not what was reviewed, of whatever stack", async () => {
    const settings = world.variables.SETTINGS_DEV ?? "";
    world.variables.SETTINGS_DEV = `${settings}\nCIPHERWATCH_KEY_ROTATION_DAYS=180`;
    const run = await start("deploy.yml", merge);
    world.variables.SETTINGS_DEV = settings;
    expect(results(run, "scan", "plan", "deploy")).toEqual({
      scan: "success",
      plan: "success",
      deploy: "failure",
    });
    const deploy = run.jobs.deploy;
    expect(deploy?.steps.apply?.outcome).toBe("failure");
    expect(deploy?.log).toMatch(/kms: aws_kms_key\.\w+: update: this was not in the reviewed plan/);
    expect(run.summary).toMatch(/Not what was reviewed: .*`kms`/);
    expect(run.summary).toMatch(/Not deployed to dev.*The apply failed.*Nothing serves/s);
    expect(await clusters()).toEqual([]);
  });
});

describe("what was reviewed", () => {
  let first: RunResult;
  let digest: string;

  test("is deployed: pushed, signed, applied, tested and watched", async () => {
    first = await start("deploy.yml", merged(change));
    const jobs = ["build", "scan", "plan", "scan-plans", "deploy", "monitor"];
    expect(results(first, ...jobs), first.log.slice(-2000)).toEqual(
      Object.fromEntries(jobs.map((job) => [job, "success"])),
    );
    expect(first.result("stopped")).toBe("skipped");
    digest = first.jobs.scan?.outputs.digest ?? "";
    expect(first.jobs.build?.outputs.digest).toBe(digest);
    expect(first.run.attested).toEqual([
      expect.stringMatching(`cipherwatch-dev-service@${digest}$`),
    ]);
    expect(first.run.rolesTaken).toEqual([
      expect.stringMatching(/cipherwatch-dev-plan$/),
      expect.stringMatching(/cipherwatch-dev-deploy$/),
    ]);
    expect(await serving()).toBe(digest);
  });

  test("is tested by its address, by real requests to the service", () => {
    expect(world.proxy.asked).toContainEqual(expect.stringMatching(/elb\.amazonaws\.com:80$/));
    expect(first.log).toMatch(/ready, healthy, encrypts, decrypts, refuses a wrong Key, forgets/);
  });

  test("is summed up with its addresses", () => {
    expect(first.summary).toMatch(/### Deployed to dev/);
    expect(first.summary).toMatch(/\| service \| http:\/\/\S+elb\.amazonaws\.com \|/);
    expect(first.summary).toMatch(new RegExp(`cipherwatch-dev-service@${digest}`));
    expect(first.summary).toMatch(/before \| nothing: this is the first deployment/);
  });

  test("by hand, a version that fails its smoke test gives way to the old one", async () => {
    const { merge } = pullRequest("broken", "service/.broken", "x\n");
    world.proxy.broken = true;
    const run = await start(
      "deploy.yml",
      onMain("workflow_dispatch", merge, { environment: "dev" }),
    );
    world.proxy.broken = false;
    expect(results(run, "plan", "deploy", "monitor")).toEqual({
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
        `Not deployed to dev.*The smoke test failed.*The old version, ${digest}, was put back and serves`,
        "s",
      ),
    );
    expect(await serving()).toBe(digest);
  });

  async function serving(): Promise<string | undefined> {
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

describe("every night", () => {
  const GROUP = "/cipherwatch/dev/service";

  test("what is as it was deployed opens no issue", async () => {
    world.api.deployments.push(
      { id: 1, environment: "dev", sha: change.merge, states: ["success"] },
      { id: 2, environment: "dev", sha: world.origin.main(), states: ["failure"] },
    );
    const run = await start("drift.yml", onMain("schedule", world.origin.main()));
    expect(results(run, "deployed", "plan", "report"), run.log.slice(-2000)).toEqual({
      deployed: "success",
      plan: "success",
      report: "success",
    });
    expect(run.summary).toMatch(/No changes\./);
    expect(world.api.issues).toEqual([]);
  });

  test("what somebody changed opens one, which is closed when it is gone", async () => {
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
    await start("drift.yml", onMain("schedule", world.origin.main()));
    expect(world.api.issues).toMatchObject([{ title: "Drift in dev", state: "open" }]);
    expect(world.api.issues[0]?.body).toMatch(
      /retention_in_days = 1\n\+ {5}retention_in_days = 30/,
    );
    await retention(30);
    await start("drift.yml", onMain("schedule", world.origin.main()));
    expect(world.api.issues).toMatchObject([{ state: "closed" }]);
  });
});

test("no secret was ever printed, summed up or commented", () => {
  const texts = [
    ...played.flatMap(({ log, summary }) => [log, summary]),
    ...world.api.comments.map(({ body }) => body),
    ...world.api.issues.map(({ body }) => body),
  ];
  expect(world.handedOut.length).toBeGreaterThan(3);
  const found = world.handedOut.filter((secret) => texts.some((text) => text.includes(secret)));
  expect(found).toEqual([]);
});
