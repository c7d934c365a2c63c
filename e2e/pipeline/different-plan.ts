import { describe, expect, test } from "vitest";
import { approve, merged, type PullRequest } from "./events.ts";
import { conclusions, IN_ORDER, type Pipeline } from "./use-pipeline.ts";

/** A merge whose plans differ from the reviewed ones. pull-request.e2e.ts plays what is stopped earlier. */
export function testDifferentPlan(pipeline: Pipeline, reviewed: () => PullRequest): void {
  describe("a reviewed pull request", { concurrent: true }, () => {
    const { testbed: copy, start, aws } = pipeline.fork();

    test("is not deployed if the plan of any stack differs", IN_ORDER, async () => {
      const testbed = copy();
      approve(reviewed(), testbed);
      const merge = merged(reviewed(), testbed);
      testbed.variables.SETTINGS_DEV += "\nCIPHERWATCH_KEY_ROTATION_DAYS=180";
      const run = await start("deploy.yml", merge);
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
      const { clusterArns } = await aws<{ clusterArns: string[] }>("ecs", "list-clusters");
      expect(clusterArns).toEqual([]);
    });
  });
}
