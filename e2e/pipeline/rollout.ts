import { describe, expect, test } from "vitest";
import { onMain } from "./events.ts";
import type { RunResult } from "./run-workflow.ts";
import { runningService } from "./running-service.ts";
import { IN_ORDER, type Pipeline } from "./use-pipeline.ts";

/**
 * Rollbacks by ECS, and deployments of an earlier image, after a first deployment to dev. The
 * emulator starts no tasks and evaluates no alarms, so the test plays the rollback that ECS does.
 */
export function testRollout(pipeline: Pipeline): void {
  describe("a version that ECS rolls back", { concurrent: true }, () => {
    const { testbed, start, aws } = pipeline.fork();
    const deploy = (inputs: Readonly<Record<string, string>>) =>
      start("deploy.yml", onMain("workflow_dispatch", testbed().gitRemote.main(), inputs));
    const conclusions = ({ conclusion }: RunResult, ...jobs: readonly string[]) =>
      jobs.map((job) => `${job}: ${conclusion(job)}`);
    let bad: string;

    test("fails the deployment, which names the version that runs", IN_ORDER, async () => {
      const before = await runningService(aws);
      testbed().beforeStep = async (job, step) => {
        if (job !== "deploy" || step !== "Verify that the new version is running") return;
        await aws(
          ...["ecs", "update-service", "--cluster", before.cluster, "--service", before.service],
          ...["--task-definition", before.taskDefinition],
        );
      };
      const run = await deploy({ environment: "dev" });
      testbed().beforeStep = undefined;
      bad = run.jobs.scan?.outputs.digest ?? "";
      expect(conclusions(run, "source", "build", "scan", "plan", "deploy")).toEqual([
        "source: success",
        "build: success",
        "scan: success",
        "plan: success",
        "deploy: failure",
      ]);
      expect(run.log).toMatch(
        new RegExp(`The service does not run ${bad}.*it runs ${before.digest}.*ECS rolled back`),
      );
      expect(run.summary).toMatch(
        new RegExp(
          `Starting the new version failed.*The previous version, ${before.digest}, is still running`,
          "s",
        ),
      );
      expect(run.jobs.deploy?.steps["smoke-test"]?.outcome).toBe("skipped");
      expect((await runningService(aws)).digest).toBe(before.digest);
    });

    test(
      "can be deployed again by hand, by its digest and through the same gates",
      IN_ORDER,
      async () => {
        const run = await deploy({ environment: "dev", digest: bad });
        const jobs = ["source", "build", "scan", "plan", "scan-plans", "deploy", "monitor"];
        expect(conclusions(run, ...jobs), run.log.slice(-2000)).toEqual(
          jobs.map((job) => `${job}: success`),
        );
        expect(run.log).not.toMatch(/fake docker/);
        expect(run.run.attested).toEqual([]);
        expect(run.jobs.scan?.outputs.digest).toBe(bad);
        expect(run.jobs.deploy?.log).toMatch(/deploy\.yml of example-org\/cipherwatch built it/);
        expect((await runningService(aws)).digest).toBe(bad);
      },
    );
  });
}
