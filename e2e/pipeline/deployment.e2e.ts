import { beforeAll, describe, expect, test } from "vitest";
import { testDrift } from "./drift.ts";
import { approve, makePullRequest, merged, onMain, type PullRequest } from "./events.ts";
import { testRollout } from "./rollout.ts";
import type { RunResult } from "./run-workflow.ts";
import type { Testbed } from "./testbed.ts";
import { conclusions, testSecrets, usePipeline } from "./use-pipeline.ts";

/** Deployments that succeed or are rolled back, and what follows a deployment. */
const pipeline = usePipeline();
const { start, aws } = pipeline;
let testbed: Testbed;
let change: PullRequest;

beforeAll(async () => {
  testbed = pipeline.testbed();
  change = makePullRequest(testbed, "change", { "service/.change": "first\n" });
  const run = await pipeline.review(change);
  expect(run.conclusion("comment"), run.log.slice(-2000)).toBe("success");
  approve(change, testbed);
}, 30 * 60_000);

async function clusters(): Promise<readonly string[]> {
  const { clusterArns } = await aws<{ clusterArns: string[] }>("ecs", "list-clusters");
  return clusterArns;
}

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

  test("is rolled back to the previous image if the smoke test fails, by hand, while a drift check waits", async () => {
    const { merge } = makePullRequest(testbed, "broken", { "service/.broken": "x\n" });
    testbed.api.deployments.push(
      { id: 1, environment: "dev", sha: change.merge, states: ["success"] },
      { id: 2, environment: "dev", sha: testbed.gitRemote.main(), states: ["failure"] },
    );
    testbed.proxy.broken = true;
    const [run, drift] = await Promise.all([
      start("deploy.yml", onMain("workflow_dispatch", merge, { environment: "dev" })),
      start("drift.yml", onMain("schedule", testbed.gitRemote.main())),
    ]);
    testbed.proxy.broken = false;
    const endedAt = run.jobs.deploy?.endedAt ?? Number.POSITIVE_INFINITY;
    expect(drift.jobs.deployed?.startedAt).toBeLessThan(endedAt);
    expect(drift.jobs["plan (dev)"]?.startedAt).toBeGreaterThan(endedAt);
    expect(drift.conclusion("report"), drift.log.slice(-2000)).toBe("success");
    expect(testbed.api.issues).toEqual([]);
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

testRollout(pipeline);

testDrift(pipeline);

testSecrets(pipeline);
