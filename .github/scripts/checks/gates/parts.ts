import { condition, oneLine, type Rule } from "../rule.ts";
import { actionOf, type Job, type Step, scriptOf, type Workflow } from "../workflow.ts";

export const UPLOAD = "actions/upload-artifact";
export const SCANS = ["dependencies", "image", "plans"] as const;
export type Jobs = Workflow["jobs"];

export function only(problems: (workflow: Workflow) => Iterable<string>): Rule {
  return ({ name, workflow }) => [...problems(workflow)].map((problem) => `${name}: ${problem}`);
}

export function needs(jobs: Jobs, name: string): readonly string[] {
  return jobs[name]?.needs ?? [];
}

/** Directly or through others. */
export function waitsFor(jobs: Jobs, name: string, other: string): boolean {
  return needs(jobs, name).some((needed) => needed === other || waitsFor(jobs, needed, other));
}

export function commandsOf({ steps }: Job): string[] {
  return steps.map((step) => scriptOf(step) ?? oneLine(step.run ?? ""));
}

export function jobsThatRun(jobs: Jobs, command: string): string[] {
  return Object.keys(jobs).filter((name) => commandsOf(jobs[name] as Job).includes(command));
}

export function stepOf(job: Job | undefined, script: string, id?: string): Step | undefined {
  return job?.steps.find(
    (step) => scriptOf(step) === script && (id === undefined || step.id === id),
  );
}

export function* value(
  actual: string | undefined,
  wanted: string,
  what: string,
): Generator<string> {
  if (actual !== wanted) yield `${what}: ${actual ?? "nothing"} instead of ${wanted}`;
}

export function* mustRun(jobs: Jobs, name: string, commands: readonly string[]): Generator<string> {
  const job = jobs[name];
  for (const command of commands) {
    const step = job?.steps.find((each) => (scriptOf(each) ?? oneLine(each.run ?? "")) === command);
    if (step === undefined || step.if !== undefined) yield `${name} must run ${command}`;
  }
}

export function* mustRunWhen(
  job: Job | undefined,
  script: string,
  when: string,
): Generator<string> {
  const step = stepOf(job, script);
  if (step === undefined) yield `must run ${script}`;
  else yield* value(condition(step.if), when, `the condition of ${script}`);
}

/** The scripts are all there, each after the one before it. */
export function* inOrder(job: Job | undefined, scripts: readonly string[]): Generator<string> {
  const run = job === undefined ? [] : commandsOf(job);
  let at = -1;
  for (const script of scripts) {
    const next = run.indexOf(script, at + 1);
    if (next < 0) {
      yield `must run ${scripts.join(", ")} in this order`;
      return;
    }
    at = next;
  }
}

/** A scan whose job is red with it, whose token an environment guards, and whose results are shown. */
export function* scanned(jobs: Jobs, scan: (typeof SCANS)[number]): Generator<string> {
  const [name, ...more] = jobsThatRun(jobs, `scan.ts ${scan}`);
  const job = jobs[name ?? ""];
  if (name === undefined || job === undefined || more.length > 0) {
    yield `one job must scan the ${scan}`;
    return;
  }
  const step = stepOf(job, `scan.ts ${scan}`);
  if (!["", "!cancelled()"].includes(condition(step?.if))) yield `${name} may leave out the scan`;
  yield* guarded(job, name);
  const upload = job.steps.find((each) => actionOf(each) === "github/codeql-action/upload-sarif");
  yield* value(
    condition(upload?.if),
    "!cancelled() && hashFiles('sarif/*.sarif') != '' && vars.CODE_SCANNING != 'off'",
    `the upload of ${name}`,
  );
  yield* value(upload?.with.sarif_file, step?.env.SARIF_FOLDER ?? "", `what ${name} uploads`);
}

export function* guarded(job: Job | undefined, name: string): Generator<string> {
  if (job?.environment?.name !== "snyk" || job.environment.deployment !== false) {
    yield `${name} must be in the environment snyk, which is no deployment`;
  }
}

/** A job that plans with the plan role, in the account that the settings name. */
export function* planned(job: Job | undefined, environment: string): Generator<string> {
  const settings = stepOf(job, "settings.ts")?.env.SETTINGS;
  yield* value(settings, `\${{ vars[format('SETTINGS_{0}', ${environment})] }}`, "the settings");
  yield* role(job, "plan-role");
  if (stepOf(job, "plan.ts") === undefined) yield "must run plan.ts";
  const bucket = stepOf(job, "plan.ts")?.env.PLAN_BUCKET;
  yield* value(bucket, "${{ steps.settings.outputs.plan-bucket }}", "where plans are saved");
}

export function* role(job: Job | undefined, output: string): Generator<string> {
  const step = job?.steps.find(
    (each) => actionOf(each) === "aws-actions/configure-aws-credentials",
  );
  const wanted: Readonly<Record<string, string>> = {
    "role-to-assume": `\${{ steps.settings.outputs.${output} }}`,
    "allowed-account-ids": "${{ steps.settings.outputs.account-id }}",
    "aws-region": "${{ steps.settings.outputs.region }}",
  };
  for (const [input, expected] of Object.entries(wanted))
    yield* value(step?.with[input], expected, input);
  if (!step?.with["role-session-name"]?.endsWith("-${{ github.run_id }}")) {
    yield "role-session-name must name the run, for the trail";
  }
}
