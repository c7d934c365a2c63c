import { type Contexts, hasStatusFunction, isConditionMet } from "./expressions.ts";
import { actionOf, type Job, scriptOf, type Workflow } from "./workflow.ts";

type Jobs = Workflow["jobs"];

/** GitHub's name for the result of a job or a step. */
export type Conclusion = "success" | "failure" | "skipped";

/** Returns the jobs that a job waits for, directly or through other jobs. */
export function ancestors(jobs: Jobs, name: string): string[] {
  const direct = jobs[name]?.needs ?? [];
  return [...new Set(direct.flatMap((needed) => [needed, ...ancestors(jobs, needed)]))];
}

/** Returns the names of all jobs, each after the jobs it needs. */
export function inOrder(jobs: Jobs): string[] {
  const visit = (name: string): string[] => [...(jobs[name]?.needs ?? []).flatMap(visit), name];
  return [...new Set(Object.keys(jobs).flatMap(visit))];
}

/** Returns whether GitHub starts a job, given the conclusions of the jobs it waits for. */
export function starts(
  jobs: Jobs,
  name: string,
  conclusions: ReadonlyMap<string, Conclusion>,
  contexts: Contexts,
): boolean {
  const condition = jobs[name]?.if;
  const before = ancestors(jobs, name).map((needed) => conclusions.get(needed));
  if (before.includes("skipped") && !hasStatusFunction(condition)) return false;
  const status = { failed: before.includes("failure"), cancelled: false };
  return isConditionMet(condition, { contexts, status });
}

/** Returns the conclusion of each job if every job that starts succeeds, except those in `failing`. */
export function simulate(
  { jobs }: Workflow,
  contexts: Contexts,
  failing: readonly string[] = [],
): ReadonlyMap<string, Conclusion> {
  const conclusions = new Map<string, Conclusion>();
  for (const name of inOrder(jobs)) {
    const needs = Object.fromEntries(
      (jobs[name]?.needs ?? []).map((needed) => [
        needed,
        {
          result: conclusions.get(needed),
          outputs: outputsOf(jobs[needed], conclusions.get(needed)),
        },
      ]),
    );
    const started = starts(jobs, name, conclusions, { ...contexts, needs });
    conclusions.set(name, !started ? "skipped" : failing.includes(name) ? "failure" : "success");
  }
  return conclusions;
}

/** A job that succeeded sets all its outputs. */
function outputsOf(job: Job | undefined, conclusion: Conclusion | undefined) {
  if (conclusion !== "success") return {};
  return Object.fromEntries(Object.keys(job?.outputs ?? {}).map((name) => [name, "set"]));
}

/** Returns the names of the jobs that run a script, such as `scan.ts image`. */
export function jobsRunning(jobs: Jobs, script: string): string[] {
  return Object.keys(jobs).filter((name) => indexOf(jobs[name], script) >= 0);
}

/** Returns the index of the first step that runs a script or an action; -1 if there is none. */
export function indexOf(job: Job | undefined, program: string): number {
  return (job?.steps ?? []).findIndex(
    (step) => scriptOf(step) === program || actionOf(step) === program,
  );
}

/**
 * Traces the outputs that an expression reads back to the steps that set them, through the outputs of
 * needed jobs.
 * @returns such as `scan: image-digest.ts`
 */
export function sourcesOf(text: string | undefined, jobName: string, jobs: Jobs): string[] {
  const sources: string[] = [];
  for (const [, id] of (text ?? "").matchAll(/\bsteps\.([\w-]+)\.outputs\b/g)) {
    const step = jobs[jobName]?.steps.find((candidate) => candidate.id === id);
    if (step !== undefined) sources.push(`${jobName}: ${scriptOf(step) ?? actionOf(step)}`);
  }
  for (const [, needed = "", output = ""] of (text ?? "").matchAll(
    /\bneeds\.([\w-]+)\.outputs\.([\w-]+)/g,
  )) {
    if (!jobs[jobName]?.needs.includes(needed)) continue;
    sources.push(...sourcesOf(jobs[needed]?.outputs[output], needed, jobs));
  }
  return [...new Set(sources)].sort();
}
