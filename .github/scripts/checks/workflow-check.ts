import type { Job, Step, WorkflowFile } from "./workflow.ts";

/** Checks a workflow. Returns one message for each violation. */
export type WorkflowCheck = (file: WorkflowFile) => readonly string[];

/** Checks every job of a workflow; messages start with the file and the job. */
export function forEachJob(
  check: (job: Job, name: string, file: WorkflowFile) => Iterable<string>,
): WorkflowCheck {
  return (file) =>
    Object.entries(file.workflow.jobs).flatMap(([name, job]) =>
      [...check(job, name, file)].map((message) => `${file.name}: ${name}: ${message}`),
    );
}

/** Checks every step of a workflow; `earlier` holds the steps before it in the same job. */
export function forEachStep(
  check: (step: Step, earlier: readonly Step[], job: Job, file: WorkflowFile) => Iterable<string>,
): WorkflowCheck {
  return forEachJob(function* (job, _, file) {
    for (const [index, step] of job.steps.entries()) {
      const title = step.name ?? step.uses ?? step.run ?? `step ${index + 1}`;
      for (const message of check(step, job.steps.slice(0, index), job, file)) {
        yield `${title}: ${message}`;
      }
    }
  });
}

/** Checks a workflow as a whole; messages start with the file. */
export function forWorkflow(check: (file: WorkflowFile) => Iterable<string>): WorkflowCheck {
  return (file) => [...check(file)].map((message) => `${file.name}: ${message}`);
}
