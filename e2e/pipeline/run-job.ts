import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import {
  type Contexts,
  interpolate,
  isConditionMet,
  type Scope,
} from "../../.github/scripts/checks/expressions.ts";
import type { Conclusion } from "../../.github/scripts/checks/graph.ts";
import { actionOf, type Job, type Step } from "../../.github/scripts/checks/workflow.ts";
import { readFileCommands } from "../../.github/scripts/testing/runner.ts";
import { run as runCommand } from "../../common/run.ts";
import { actions } from "./actions.ts";
import { hashFiles } from "./files.ts";
import type { JobRun, StepResult, WorkflowRun } from "./workflow-run.ts";

export interface JobResult {
  readonly conclusion: Conclusion;
  readonly outputs: Readonly<Record<string, string>>;
  readonly log: string;
  readonly summary: string;
  readonly steps: Readonly<Record<string, StepResult>>;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly seconds: number;
}

/**
 * Runs one job, step by step, with what GitHub's runner provides: contexts, files and variables. Every
 * environment admits only main, as docs/pipeline.md describes.
 */
export function runJob(
  run: WorkflowRun,
  name: string,
  job: Job,
  contexts: Contexts,
): Promise<JobResult> {
  return run.testbed.runners.use((folder) => runJobIn(folder, run, name, job, contexts));
}

async function runJobIn(
  folder: string,
  run: WorkflowRun,
  name: string,
  job: Job,
  contexts: Contexts,
): Promise<JobResult> {
  const startedAt = performance.now();
  const workspace = join(folder, "workspace");
  mkdirSync(workspace);
  const environment =
    job.environment === undefined ? undefined : interpolate(job.environment.name, { contexts });
  if (environment !== undefined && run.event.ref !== "refs/heads/main") {
    return {
      conclusion: "failure",
      outputs: {},
      log: `Branch "${run.event.ref}" is not allowed to deploy to ${environment} due to environment protection rules.\n`,
      summary: "",
      steps: {},
      startedAt,
      endedAt: startedAt,
      seconds: 0,
    };
  }
  const permissions = permissionsOf(run, job);
  const jobRun: JobRun = {
    run,
    name,
    job,
    workspace,
    ...(environment === undefined ? {} : { environment }),
    permissions,
    exported: {},
    paths: [],
    steps: {},
    log: "",
    summary: "",
  };
  const jobContexts = {
    ...contexts,
    github: {
      ...(contexts.github as object),
      token: run.testbed.api.tokenFor(permissions),
      workspace,
    },
    secrets: run.event.fork ? {} : (run.testbed.secrets[environment ?? ""] ?? {}),
  };
  let failed = false;
  for (const [index, step] of job.steps.entries()) {
    const started = performance.now();
    const outcome = await runStep(jobRun, step, index, jobContexts, failed);
    const seconds = (performance.now() - started) / 1000;
    if (seconds > 2) console.log(`    ${seconds.toFixed(0)} s: ${name}: ${titleOf(step, index)}`);
    failed ||= outcome === "failure";
  }
  const endedAt = performance.now();
  return {
    startedAt,
    endedAt,
    seconds: (endedAt - startedAt) / 1000,
    conclusion: failed ? "failure" : "success",
    outputs: interpolateAll(job.outputs, scopeOf(jobRun, jobContexts, failed)),
    log: jobRun.log,
    summary: jobRun.summary,
    steps: jobRun.steps,
  };
}

function titleOf(step: Step, index: number): string {
  return step.name ?? step.uses ?? step.run ?? `step ${index + 1}`;
}

/** https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#permissions */
function permissionsOf({ event }: WorkflowRun, { permissions = {} }: Job) {
  if (event.fork !== true) return permissions;
  const scopes = Object.keys(permissions).filter((scope) => scope !== "id-token");
  return Object.fromEntries(scopes.map((scope) => [scope, "read"]));
}

function scopeOf(jobRun: JobRun, contexts: Contexts, failed: boolean): Scope {
  const { run, job, exported, steps, workspace } = jobRun;
  const base: Scope = {
    contexts: {
      ...contexts,
      steps,
      runner: { os: "Linux" },
      job: { status: failed ? "failure" : "success" },
    },
    status: { failed, cancelled: false },
    hashFiles: (patterns) => hashFiles(workspace, patterns),
  };
  const env = {
    ...interpolateAll(run.workflow.env, base),
    ...interpolateAll(job.env, base),
    ...exported,
  };
  return { ...base, contexts: { ...base.contexts, env } };
}

async function runStep(
  jobRun: JobRun,
  step: Step,
  index: number,
  contexts: Contexts,
  failed: boolean,
): Promise<Conclusion> {
  const scope = scopeOf(jobRun, contexts, failed);
  const finish = (outcome: Conclusion, outputs: Readonly<Record<string, string>> = {}) => {
    if (step.id !== undefined) jobRun.steps[step.id] = { outcome, outputs };
    return outcome;
  };
  if (!isConditionMet(step.if, scope)) return finish("skipped");
  const title = titleOf(step, index);
  jobRun.log += `\n== ${jobRun.name}: ${title}\n`;
  await jobRun.run.testbed.beforeStep?.(jobRun.name, title);
  if (step.run !== undefined) {
    const env = {
      ...(scope.contexts.env as Record<string, string>),
      ...interpolateAll(step.env, scope),
    };
    const { code, outputs } = await runScript(jobRun, interpolate(step.run, scope), env);
    return finish(code === 0 ? "success" : "failure", outputs);
  }
  const action = actions[actionOf(step) ?? ""];
  if (action === undefined) throw new Error(`There is no fake of the action ${step.uses}.`);
  try {
    return finish("success", (await action(jobRun, interpolateAll(step.with, scope))) ?? {});
  } catch (error) {
    jobRun.log += `${(error as Error).message}\n`;
    return finish("failure");
  }
}

/** Runs a script as GitHub does for `shell: bash`, and reads the files it writes for the runner. */
async function runScript(
  jobRun: JobRun,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly outputs: Readonly<Record<string, string>> }> {
  const names = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"] as const;
  const folder = mkdtempSync(join(jobRun.workspace, "..", "step-"));
  for (const name of names) writeFileSync(join(folder, name), "");
  const file = join(folder, "script.sh");
  writeFileSync(file, script);
  const runnerEnv = runnerEnvironment(jobRun);
  const { code, output } = await runCommand(
    ["bash", "--noprofile", "--norc", "-eo", "pipefail", file],
    {
      cwd: jobRun.workspace,
      env: {
        ...runnerEnv,
        ...env,
        PATH: [...jobRun.paths.toReversed(), runnerEnv.PATH].join(delimiter),
        ...Object.fromEntries(names.map((name) => [name, join(folder, name)])),
      },
      accept: "any",
    },
  );
  const read = (name: (typeof names)[number]) => readFileSync(join(folder, name), "utf8");
  jobRun.log += output;
  Object.assign(jobRun.exported, readFileCommands(read("GITHUB_ENV")));
  jobRun.paths.push(...read("GITHUB_PATH").split("\n").filter(Boolean));
  jobRun.summary += read("GITHUB_STEP_SUMMARY");
  return { code, outputs: readFileCommands(read("GITHUB_OUTPUT")) };
}

/** https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables */
function runnerEnvironment({ run: { testbed, event, id }, workspace }: JobRun): NodeJS.ProcessEnv {
  return {
    ...testbed.environment,
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_API_URL: testbed.api.url,
    GITHUB_EVENT_NAME: event.name,
    GITHUB_REF: event.ref,
    GITHUB_REPOSITORY: testbed.api.repository,
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_RUN_ID: String(id),
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_SHA: event.sha,
    GITHUB_WORKSPACE: workspace,
  };
}

function interpolateAll(
  texts: Readonly<Record<string, string>>,
  scope: Scope,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, interpolate(text, scope)]),
  );
}
