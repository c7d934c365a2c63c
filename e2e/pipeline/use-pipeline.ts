import { afterAll, beforeAll, expect, test } from "vitest";
import { run as runCommand } from "../../common/run.ts";
import { completed, opened, type PullRequest } from "./events.ts";
import { type RunResult, runWorkflow } from "./run-workflow.ts";
import { makeTestbed, type Testbed } from "./testbed.ts";
import type { TriggerEvent } from "./workflow-run.ts";

/** A testbed for tests, and what they do in it. */
export interface Pipeline {
  readonly testbed: () => Testbed;
  /** Runs a workflow from its YAML. */
  readonly start: (file: string, event: TriggerEvent) => Promise<RunResult>;
  /** Builds and reviews a pull request, as GitHub does after a push. */
  readonly review: (pullRequest: PullRequest, repository?: string) => Promise<RunResult>;
  /** Runs the AWS CLI as an administrator and parses its output. */
  readonly aws: <T>(...args: readonly string[]) => Promise<T>;
  /** Gives the tests of a describe block a copy of the testbed as it is when the block starts. */
  readonly fork: () => Pipeline;
  /** Shared with the forks. */
  readonly history: History;
}

interface History {
  readonly runs: RunResult[];
  readonly testbeds: Testbed[];
}

/** Sets up a testbed before the tests of a file, and closes it after them. */
export function usePipeline(): Pipeline {
  console.log(
    "Real: the workflows and their scripts, Terraform, the service that the smoke test calls. " +
      "Fake: AWS (moto), GitHub's API and actions, Snyk, npm, Docker's builder, skopeo.",
  );
  return pipelineIn(makeTestbed, { runs: [], testbeds: [] });
}

function pipelineIn(make: () => Promise<Testbed>, history: History): Pipeline {
  let testbed: Testbed | undefined;
  beforeAll(async () => {
    testbed = await make();
    history.testbeds.push(testbed);
  }, 30 * 60_000);
  afterAll(async () => {
    await testbed?.close();
  });
  const current = () => {
    if (testbed === undefined) throw new Error("The testbed is not set up yet.");
    return testbed;
  };
  const start: Pipeline["start"] = async (file, event) => {
    console.log(`${file} by ${event.name}`);
    const result = await runWorkflow(current(), file, event);
    history.runs.push(result);
    return result;
  };
  return {
    testbed: current,
    start,
    review: async (pullRequest, repository) => {
      const built = await start("build.yml", opened(pullRequest, current(), repository));
      return await start("review.yml", completed(built, current()));
    },
    aws: async <T>(...args: readonly string[]) => {
      const { stdout } = await runCommand(["aws", ...args, "--output", "json"], {
        cwd: ".",
        env: current().adminEnv,
      });
      return (stdout.trim() === "" ? undefined : JSON.parse(stdout)) as T;
    },
    fork: () => pipelineIn(() => current().fork(), history),
    history,
  };
}

/**
 * For blocks that run at the same time as others: their tests run one after the other.
 * https://vitest.dev/api/test#test-concurrent
 */
export const IN_ORDER = { concurrent: false };

/** Lists the conclusions of some jobs. */
export function conclusions({ conclusion }: RunResult, ...jobs: readonly string[]) {
  return Object.fromEntries(jobs.map((job) => [job, conclusion(job)]));
}

/** Tests, as the last test of a file, that nothing that the workflows printed contains a secret. */
export function testSecrets({ testbed, history }: Pipeline): void {
  test("prints no secret in logs, summaries, comments and issues", () => {
    const { runs, testbeds } = history;
    const { issuedSecrets } = testbed();
    const texts = [
      ...runs.flatMap(({ log, summary }) => [log, summary]),
      ...testbeds.flatMap(({ api }) => [...api.comments, ...api.issues]).map(({ body }) => body),
    ];
    expect(issuedSecrets.length).toBeGreaterThan(3);
    const found = issuedSecrets.filter((secret) => texts.some((text) => text.includes(secret)));
    expect(found).toEqual([]);
  });
}
