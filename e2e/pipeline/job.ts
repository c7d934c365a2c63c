import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { actionOf, type Job, type Step } from "../../.github/scripts/checks/workflow.ts";
import { readFileCommands } from "../../.github/scripts/testing/runner.ts";
import { run as runCommand } from "../../common/run.ts";
import { actions } from "./actions.ts";
import { type Contexts, holds, interpolate, type Scope } from "./expressions.ts";
import { hashFiles } from "./files.ts";
import type { Outcome, Run, RunningJob, StepResult } from "./running.ts";

export interface JobResult {
  readonly result: Outcome;
  readonly outputs: Readonly<Record<string, string>>;
  readonly log: string;
  readonly summary: string;
  readonly steps: Readonly<Record<string, StepResult>>;
}

/** Plays one job, step after step as the YAML has them. */
export async function playJob(
  run: Run,
  name: string,
  job: Job,
  contexts: Contexts,
): Promise<JobResult> {
  const folder = mkdtempSync(join(run.folder, `${name}-`));
  const workspace = join(folder, "workspace");
  mkdirSync(workspace);
  const environment =
    job.environment === undefined ? undefined : interpolate(job.environment.name, { contexts });
  const permissions = run.permissionsOf(job);
  const running: RunningJob = {
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
  const given = {
    ...contexts,
    github: {
      ...(contexts.github as object),
      token: run.world.api.tokenFor(permissions),
      workspace,
    },
    secrets: run.secretsOf(environment),
  };
  let failed = false;
  for (const [index, step] of job.steps.entries()) {
    const outcome = await playStep(running, step, index, given, failed);
    failed ||= outcome === "failure";
  }
  const scope = scopeOf(running, given, failed);
  return {
    result: failed ? "failure" : "success",
    outputs: Object.fromEntries(
      Object.entries(job.outputs).map(([output, text]) => [output, interpolate(text, scope)]),
    ),
    log: running.log,
    summary: running.summary,
    steps: running.steps,
  };
}

function scopeOf(running: RunningJob, given: Contexts, failed: boolean): Scope {
  const { run, job, exported, steps, workspace } = running;
  const base: Scope = {
    contexts: {
      ...given,
      steps,
      runner: { os: "Linux" },
      job: { status: failed ? "failure" : "success" },
    },
    status: { failed, cancelled: false },
    hashFiles: (patterns) => hashFiles(workspace, patterns),
  };
  const env = { ...variables(run.workflow.env, base), ...variables(job.env, base), ...exported };
  return { ...base, contexts: { ...base.contexts, env } };
}

async function playStep(
  running: RunningJob,
  step: Step,
  index: number,
  given: Contexts,
  failed: boolean,
): Promise<Outcome> {
  const scope = scopeOf(running, given, failed);
  const title = step.name ?? step.uses ?? step.run ?? `step ${index + 1}`;
  const finish = (outcome: Outcome, outputs: Readonly<Record<string, string>> = {}) => {
    if (step.id !== undefined) running.steps[step.id] = { outcome, outputs };
    return outcome;
  };
  if (!holds(step.if, scope)) return finish("skipped");
  running.log += `\n== ${running.name}: ${title}\n`;
  const env = { ...(scope.contexts.env as Record<string, string>), ...variables(step.env, scope) };
  if (step.run === undefined) {
    const action = actions[actionOf(step) ?? ""];
    if (action === undefined) throw new Error(`${step.uses} has no stand-in.`);
    try {
      return finish("success", (await action(running, variables(step.with, scope))) ?? {});
    } catch (error) {
      running.log += `${(error as Error).message}\n`;
      return finish("failure");
    }
  }
  const files = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"] as const;
  const folder = mkdtempSync(join(running.workspace, "..", "step-"));
  const file = (name: string) => join(folder, name);
  for (const name of files) writeFileSync(file(name), "");
  const code = await runBash(running, interpolate(step.run, scope), {
    ...running.run.environment(running),
    ...env,
    PATH: [...running.paths.toReversed(), running.run.environment(running).PATH].join(delimiter),
    ...Object.fromEntries(files.map((name) => [name, file(name)])),
  });
  const read = (name: (typeof files)[number]) => readFileSync(file(name), "utf8");
  Object.assign(running.exported, readFileCommands(read("GITHUB_ENV")));
  running.paths.push(...read("GITHUB_PATH").split("\n").filter(Boolean));
  running.summary += read("GITHUB_STEP_SUMMARY");
  return finish(code === 0 ? "success" : "failure", readFileCommands(read("GITHUB_OUTPUT")));
}

/** Runs a script as GitHub does for `shell: bash`. @returns its exit code */
async function runBash(job: RunningJob, script: string, env: NodeJS.ProcessEnv): Promise<number> {
  const { code, output } = await runCommand(
    ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
    { cwd: job.workspace, env, accept: "any" },
  );
  job.log += output;
  return code;
}

function variables(env: Readonly<Record<string, string>>, scope: Scope): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, text]) => [name, interpolate(text, scope)]),
  );
}
