import { describe, expect, test } from "vitest";
import { testDeployment } from "./deployment.ts";
import { testDifferentPlan } from "./different-plan.ts";
import { makePullRequest, type PullRequest } from "./events.ts";
import { conclusions, testSecrets, usePipeline } from "./use-pipeline.ts";

/**
 * A pull request, its deployment, and what follows. What does not depend on each other runs at the same time, each in
 * its own copy of the testbed.
 */
const pipeline = usePipeline();
let change: PullRequest;

describe("a pull request", () => {
  test("is scanned, planned with the plan role, and gets one comment and a status", async () => {
    const testbed = pipeline.testbed();
    change = makePullRequest(testbed, "change", { "service/.change": "first\n" });
    const run = await pipeline.review(change);
    const jobs = ["pull-request", "scan", "plan", "scan-plans", "comment", "review"];
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
    expect(testbed.api.statuses).toEqual([
      { sha: change.head, context: "review", state: "pending" },
      { sha: change.head, context: "review", state: "success" },
    ]);
  });
});

testDifferentPlan(pipeline, () => change);

testDeployment(pipeline, () => change);

testSecrets(pipeline);
