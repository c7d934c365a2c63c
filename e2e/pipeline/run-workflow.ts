import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Contexts, evaluate, interpolate } from "../../.github/scripts/checks/expressions.ts";
import { ancestors, type Conclusion, inOrder, starts } from "../../.github/scripts/checks/graph.ts";
import { type Job, readWorkflow } from "../../.github/scripts/checks/workflow.ts";
import { type JobResult, runJob } from "./run-job.ts";
import type { GitHubTestbed } from "./testbed.ts";
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
 * @param until the last job to run, with the jobs it waits for; all jobs by default
 */
export async function runWorkflow(
  testbed: GitHubTestbed,
  file: string,
  event: TriggerEvent,
  until?: string,
): Promise<RunResult> {
  const run = makeRun(testbed, file, event);
  const contexts = contextsOf(run);
  const group = interpolate(run.workflow.concurrency?.group ?? "", { contexts });
  return await testbed.groups.run(group, () => runJobs(run, contexts, until));
}

async function runJobs(
  run: WorkflowRun,
  contexts: Contexts,
  until: string | undefined,
): Promise<RunResult> {
  const { file } = run;
  const { jobs } = run.workflow;
  const selected = until === undefined ? undefined : [until, ...ancestors(jobs, until)];
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
    if (selected?.includes(name) === false) continue;
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

function makeRun(testbed: GitHubTestbed, file: string, event: TriggerEvent): WorkflowRun {
  const { workflow } = readWorkflow(file, definitionOf(testbed, file, event));
  lastRunId += 1;
  const artifacts = mkdtempSync(join(tmpdir(), `cipherwatch-artifacts-${lastRunId}-`));
  testbed.removeLater(artifacts);
  testbed.artifacts.set(lastRunId, artifacts);
  const main = {
    sha: testbed.gitRemote.main(),
    branch: "main",
    repository: testbed.api.repository,
  };
  const { sha, branch, repository } = event.head ?? main;
  testbed.api.runs.push({
    id: lastRunId,
    path: `.github/workflows/${file}`,
    event: event.name,
    head_branch: branch,
    head_sha: sha,
    head_repository: { full_name: repository, owner: { login: repository.split("/")[0] ?? "" } },
    actor: { login: event.actor ?? "octocat" },
  });
  return {
    testbed,
    file,
    workflow,
    event,
    artifacts,
    id: lastRunId,
    categories: new Set(),
    attested: [],
    assumedRoles: [],
  };
}

/** The definition that GitHub takes: that of the event's commit, or of main for other events. */
function definitionOf(
  { gitRemote }: GitHubTestbed,
  file: string,
  { name, sha }: TriggerEvent,
): string {
  const isOfCommit = ["pull_request", "push", "workflow_dispatch"].includes(name);
  return gitRemote.read(isOfCommit ? sha : gitRemote.main(), `.github/workflows/${file}`);
}

function contextsOf({ testbed, event, id }: WorkflowRun): Contexts {
  const github = {
    actor: event.actor ?? "octocat",
    event: event.payload,
    event_name: event.name,
    ref: event.ref,
    repository: testbed.api.repository,
    run_id: id,
    sha: event.sha,
  };
  return { github, vars: event.fork ? {} : testbed.variables, inputs: event.inputs ?? {} };
}

function conclusionOf(results: readonly JobResult[]): Conclusion {
  if (results.length === 0) return "skipped";
  return results.some(({ conclusion }) => conclusion === "failure") ? "failure" : "success";
}

/** Returns the values of a matrix with one dimension; one empty value for a job without a matrix. */
function matrixOf(job: Job, contexts: Contexts): Readonly<Record<string, unknown>>[] {
  const { matrix } = (job.strategy ?? {}) as {
    readonly matrix?: Readonly<Record<string, string | readonly unknown[]>>;
  };
  const [dimension, ...more] = Object.entries(matrix ?? {});
  if (dimension === undefined) return [{}];
  if (more.length > 0) throw new Error("Matrices with several dimensions are not supported.");
  const [name, expression] = dimension;
  const values = typeof expression === "string" ? evaluate(expression, { contexts }) : expression;
  if (!Array.isArray(values) || values.length === 0)
    throw new Error(`The matrix ${expression} has no values.`);
  return values.map((value) => ({ [name]: value }));
}
