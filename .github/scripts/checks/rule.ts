import type { Job, Step, WorkflowFile } from "./workflow.ts";

/** Something that must hold of a workflow; a line for each place where it does not. */
export type Rule = (file: WorkflowFile) => readonly string[];

/** Problems of each job of a workflow, with the job's name before them. */
export function ofJobs(
  problems: (job: Job, name: string, file: WorkflowFile) => Iterable<string>,
): Rule {
  return (file) =>
    Object.entries(file.workflow.jobs).flatMap(([name, job]) =>
      [...problems(job, name, file)].map((problem) => `${file.name}: ${name}: ${problem}`),
    );
}

/** Problems of each step, with its job's name and its own before them. */
export function ofSteps(
  problems: (
    step: Step,
    earlier: readonly Step[],
    job: Job,
    file: WorkflowFile,
  ) => Iterable<string>,
): Rule {
  return ofJobs(function* (job, _, file) {
    for (const [index, step] of job.steps.entries()) {
      const title = step.name ?? step.uses ?? step.run ?? `step ${index + 1}`;
      for (const problem of problems(step, job.steps.slice(0, index), job, file)) {
        yield `${title}: ${problem}`;
      }
    }
  });
}

/** The same whatever its line breaks. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** The expression of a condition, with `${{ }}` around it or not. */
export function condition(text: string | undefined): string {
  return oneLine(text ?? "").replace(/^\$\{\{ (.*) \}\}$/, "$1");
}
