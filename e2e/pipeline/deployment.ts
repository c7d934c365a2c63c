import { describe, expect, test } from "vitest";
import { testDrift } from "./drift.ts";
import { approve, makePullRequest, merged, onMain, type PullRequest } from "./events.ts";
import { testRollout } from "./rollout.ts";
import type { RunResult } from "./run-workflow.ts";
import { runningService } from "./running-service.ts";
import { conclusions, IN_ORDER, type Pipeline } from "./use-pipeline.ts";

/** Deployments that succeed or are rolled back, and what follows a deployment. */
export function testDeployment(pipeline: Pipeline, reviewed: () => PullRequest): void {
  describe("an approved pull request", { concurrent: true }, () => {
    const copy = pipeline.fork();
    testFirstDeployment(copy, reviewed);
    testFailedSmokeTest(copy, reviewed);
    testRollout(copy);
    testDrift(copy);
  });
}

function testFirstDeployment(pipeline: Pipeline, reviewed: () => PullRequest): void {
  const { testbed, start, aws } = pipeline;
  let first: RunResult;
  let digest: string;

  test(
    "is deployed: pushes, attests, applies, verifies and monitors the image",
    IN_ORDER,
    async () => {
      approve(reviewed(), testbed());
      first = await start("deploy.yml", merged(reviewed(), testbed()));
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
      expect((await runningService(aws)).digest).toBe(digest);
    },
  );

  test("is tested with real requests to the load balancer's address", IN_ORDER, () => {
    expect(testbed().proxy.requestedHosts).toContainEqual(
      expect.stringMatching(/elb\.amazonaws\.com:80$/),
    );
    expect(first.log).toMatch(/ready, healthy, encrypts, decrypts, rejects a wrong Key, forgets/);
  });

  test("is summarized with its addresses", IN_ORDER, () => {
    expect(first.summary).toMatch(/### Deployed to dev/);
    expect(first.summary).toMatch(/\| service \| http:\/\/\S+elb\.amazonaws\.com \|/);
    expect(first.summary).toMatch(new RegExp(`cipherwatch-dev-service@${digest}`));
    expect(first.summary).toMatch(/previous image \| none: this is the first deployment/);
  });
}

function testFailedSmokeTest(pipeline: Pipeline, reviewed: () => PullRequest): void {
  describe("a version that is deployed by hand and fails the smoke test", {
    concurrent: true,
  }, () => {
    const copy = pipeline.fork();

    test("is rolled back to the previous image, while a drift check waits", IN_ORDER, async () => {
      const testbed = copy.testbed();
      const { digest } = await runningService(copy.aws);
      const { merge } = makePullRequest(testbed, "broken", { "service/.broken": "x\n" });
      testbed.api.deployments.push(
        { id: 1, environment: "dev", sha: reviewed().merge, states: ["success"] },
        { id: 2, environment: "dev", sha: testbed.gitRemote.main(), states: ["failure"] },
      );
      testbed.proxy.broken = true;
      const [run, drift] = await Promise.all([
        copy.start("deploy.yml", onMain("workflow_dispatch", merge, { environment: "dev" })),
        copy.start("drift.yml", onMain("schedule", testbed.gitRemote.main())),
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
        Object.entries(run.jobs.deploy?.steps ?? {}).map(
          ([id, { outcome }]) => `${id}: ${outcome}`,
        ),
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
      expect((await runningService(copy.aws)).digest).toBe(digest);
    });
  });
}
