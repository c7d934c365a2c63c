import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Job,
  readWorkflow,
  type Workflow,
  workflowSources,
} from "../../.github/scripts/checks/workflow.ts";
import { type Contexts, evaluated, holds, interpolate } from "./expressions.ts";
import { type JobResult, playJob } from "./job.ts";
import type { Event, Outcome, Run } from "./running.ts";
import type { World } from "./world.ts";

export interface RunResult {
  readonly run: Run;
  /** By job; a job of a matrix by its name and value, as `plan (dev)`. */
  readonly jobs: Readonly<Record<string, JobResult>>;
  readonly result: (job: string) => Outcome;
  readonly log: string;
  readonly summary: string;
}

let runs = 4710;

/** Plays a workflow from its YAML, its jobs one after the other. */
export async function play(world: World, file: string, event: Event): Promise<RunResult> {
  const [, source = ""] = workflowSources.find(([name]) => name === file) ?? [];
  const { workflow } = readWorkflow(file, source);
  runs += 1;
  const id = runs;
  const folder = mkdtempSync(join(tmpdir(), `cipherwatch-run-${id}-`));
  const artifacts = join(folder, "artifacts");
  mkdirSync(artifacts);
  world.atEnd(folder);
  const run: Run = {
    world,
    workflow,
    event,
    folder,
    artifacts,
    id,
    categories: new Set(),
    attested: [],
    rolesTaken: [],
    permissionsOf: ({ permissions = {} }) =>
      event.fork === true
        ? Object.fromEntries(
            Object.keys(permissions).flatMap((scope) =>
              scope === "id-token" ? [] : [[scope, "read"]],
            ),
          )
        : permissions,
    secretsOf: (environment) =>
      event.fork === true || environment === undefined ? {} : (world.secrets[environment] ?? {}),
    environment: ({ workspace }) => ({
      ...world.environment,
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_API_URL: world.api.url,
      GITHUB_EVENT_NAME: event.name,
      GITHUB_REF: event.ref,
      GITHUB_REPOSITORY: world.api.repository,
      GITHUB_RUN_ATTEMPT: "1",
      GITHUB_RUN_ID: String(id),
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_SHA: event.sha,
      GITHUB_WORKSPACE: workspace,
    }),
  };
  const github = {
    actor: "octocat",
    event: event.payload,
    event_name: event.name,
    ref: event.ref,
    repository: world.api.repository,
    run_id: id,
    sha: event.sha,
  };
  const contexts: Contexts = { github, vars: world.variables, inputs: event.inputs ?? {} };
  // They must at least make sense; nothing else runs at the same time.
  interpolate(workflow.concurrency?.group ?? "", { contexts });

  const jobs: Record<string, JobResult> = {};
  const results = new Map<string, { result: Outcome; outputs: Readonly<Record<string, string>> }>();
  for (const name of inOrder(workflow)) {
    const job = workflow.jobs[name] as Job;
    const needed = Object.fromEntries(job.needs.map((each) => [each, results.get(each)]));
    const before = ancestors(workflow, name).map((each) => results.get(each)?.result);
    const status = { failed: before.includes("failure"), cancelled: false };
    const scope = { contexts: { ...contexts, needs: needed }, status };
    const skipped = job.if === undefined && before.includes("skipped");
    if (skipped || !holds(job.if, scope)) {
      results.set(name, { result: "skipped", outputs: {} });
      continue;
    }
    const played: JobResult[] = [];
    for (const matrix of matrixOf(job, scope.contexts)) {
      const values = Object.values(matrix);
      const title = values.length === 0 ? name : `${name} (${values.join(", ")})`;
      console.log(`  ${file}: ${title}`);
      const result = await playJob(run, name, job, { ...scope.contexts, matrix });
      jobs[title] = result;
      played.push(result);
    }
    results.set(name, {
      result: played.some(({ result }) => result === "failure") ? "failure" : "success",
      outputs: Object.assign({}, ...played.map(({ outputs }) => outputs)),
    });
  }
  const all = Object.values(jobs);
  return {
    run,
    jobs,
    result: (name) => {
      const found = results.get(name);
      if (found === undefined) throw new Error(`${file} has no job ${name}.`);
      return found.result;
    },
    log: all.map(({ log }) => log).join("\n"),
    summary: all.map(({ summary }) => summary).join("\n"),
  };
}

/** Each job after those that it needs. */
function inOrder({ jobs }: Workflow): string[] {
  const order: string[] = [];
  const add = (name: string) => {
    if (order.includes(name)) return;
    for (const needed of jobs[name]?.needs ?? []) add(needed);
    order.push(name);
  };
  for (const name of Object.keys(jobs)) add(name);
  return order;
}

/** All jobs that a job waits for, for their failures count however far off. */
function ancestors(workflow: Workflow, name: string): string[] {
  const direct = workflow.jobs[name]?.needs ?? [];
  return [...new Set(direct.flatMap((each) => [each, ...ancestors(workflow, each)]))];
}

function matrixOf(job: Job, contexts: Contexts): Readonly<Record<string, unknown>>[] {
  const { matrix } = (job.strategy ?? {}) as { readonly matrix?: Readonly<Record<string, string>> };
  const [only, ...more] = Object.entries(matrix ?? {});
  if (only === undefined) return [{}];
  if (more.length > 0) throw new Error("A matrix of several dimensions is not played.");
  const [name, text] = only;
  const values = evaluated(text, { contexts });
  if (!Array.isArray(values) || values.length === 0)
    throw new Error(`The matrix ${text} has no values.`);
  return values.map((value) => ({ [name]: value }));
}
