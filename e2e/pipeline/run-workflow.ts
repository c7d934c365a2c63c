import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Contexts, evaluate, interpolate } from "../../.github/scripts/checks/expressions.ts";
import { type Conclusion, inOrder, starts } from "../../.github/scripts/checks/graph.ts";
import { type Job, readWorkflow, workflowSources } from "../../.github/scripts/checks/workflow.ts";
import { type JobResult, runJob } from "./run-job.ts";
import type { Testbed } from "./testbed.ts";
import type { TriggerEvent, WorkflowRun } from "./workflow-run.ts";

export interface RunResult {
  readonly run: WorkflowRun;
  /** By job name; a job of a matrix is named with its value, as in `plan (dev)`. */
  readonly jobs: Readonly<Record<string, JobResult>>;
  /** @throws Error if the workflow has no such job */
  readonly conclusion: (job: string) => Conclusion;
  readonly log: string;
  readonly summary: string;
}

let lastRunId = 4710;

/**
 * Runs a workflow from its YAML. Each job starts when the jobs that it needs have ended, and waits until no other
 * run or job is in its concurrency group.
 */
export async function runWorkflow(
  testbed: Testbed,
  file: string,
  event: TriggerEvent,
): Promise<RunResult> {
  const run = makeRun(testbed, file, event);
  const contexts = contextsOf(run);
  const group = interpolate(run.workflow.concurrency?.group ?? "", { contexts });
  return await testbed.groups.run(group, () => runJobs(run, file, contexts));
}

async function runJobs(run: WorkflowRun, file: string, contexts: Contexts): Promise<RunResult> {
  const { jobs } = run.workflow;
  const results = new Map<string, JobResult>();
  const needs = new Map<string, NeededJob>();
  const conclusions = new Map<string, Conclusion>();
  const runJobOnce = async (name: string): Promise<void> => {
    const job = jobs[name] as Job;
    const needed = Object.fromEntries(job.needs.map((each) => [each, needs.get(each)]));
    const jobContexts = { ...contexts, needs: needed };
    const own: JobResult[] = [];
    if (starts(jobs, name, conclusions, jobContexts)) {
      for (const matrix of matrixOf(job, jobContexts)) {
        const values = Object.values(matrix);
        const title = values.length === 0 ? name : `${name} (${values.join(", ")})`;
        const withMatrix = { ...jobContexts, matrix };
        const group = interpolate(job.concurrency?.group ?? "", { contexts: withMatrix });
        const result = await run.testbed.groups.run(group, () =>
          runJob(run, name, job, withMatrix),
        );
        console.log(`  ${file}: ${title}: ${result.conclusion} in ${result.seconds.toFixed(0)} s`);
        results.set(title, result);
        own.push(result);
      }
    }
    const result = conclusionOf(own);
    conclusions.set(name, result);
    needs.set(name, {
      result,
      outputs: Object.assign({}, ...own.map(({ outputs }) => outputs)),
    });
  };
  const started = new Map<string, Promise<void>>();
  for (const name of inOrder(jobs)) {
    const before = (jobs[name] as Job).needs.map((needed) => started.get(needed));
    started.set(
      name,
      Promise.all(before).then(() => runJobOnce(name)),
    );
  }
  await Promise.all(started.values());
  const all = [...results.values()];
  return {
    run,
    jobs: Object.fromEntries(results),
    conclusion: (name) => {
      const conclusion = conclusions.get(name);
      if (conclusion === undefined) throw new Error(`${file} has no job ${name}.`);
      return conclusion;
    },
    log: all.map(({ log }) => log).join("\n"),
    summary: all.map(({ summary }) => summary).join("\n"),
  };
}

interface NeededJob {
  readonly result: Conclusion;
  readonly outputs: Readonly<Record<string, string>>;
}

function makeRun(testbed: Testbed, file: string, event: TriggerEvent): WorkflowRun {
  const [, source = ""] = workflowSources.find(([name]) => name === file) ?? [];
  const { workflow } = readWorkflow(file, source);
  lastRunId += 1;
  const folder = mkdtempSync(join(tmpdir(), `cipherwatch-run-${lastRunId}-`));
  testbed.removeLater(folder);
  const artifacts = join(folder, "artifacts");
  mkdirSync(artifacts);
  return {
    testbed,
    file,
    workflow,
    event,
    folder,
    artifacts,
    id: lastRunId,
    categories: new Set(),
    attested: [],
    assumedRoles: [],
  };
}

function contextsOf({ testbed, event, id }: WorkflowRun): Contexts {
  const github = {
    actor: "octocat",
    event: event.payload,
    event_name: event.name,
    ref: event.ref,
    repository: testbed.api.repository,
    run_id: id,
    sha: event.sha,
  };
  return { github, vars: testbed.variables, inputs: event.inputs ?? {} };
}

function conclusionOf(results: readonly JobResult[]): Conclusion {
  if (results.length === 0) return "skipped";
  return results.some(({ conclusion }) => conclusion === "failure") ? "failure" : "success";
}

/** Returns the values of a matrix with one dimension; one empty value for a job without a matrix. */
function matrixOf(job: Job, contexts: Contexts): Readonly<Record<string, unknown>>[] {
  const { matrix } = (job.strategy ?? {}) as { readonly matrix?: Readonly<Record<string, string>> };
  const [dimension, ...more] = Object.entries(matrix ?? {});
  if (dimension === undefined) return [{}];
  if (more.length > 0) throw new Error("Matrices with several dimensions are not supported.");
  const [name, expression] = dimension;
  const values = evaluate(expression, { contexts });
  if (!Array.isArray(values) || values.length === 0)
    throw new Error(`The matrix ${expression} has no values.`);
  return values.map((value) => ({ [name]: value }));
}
