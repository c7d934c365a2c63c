import { contextsOf } from "./contexts.ts";
import { simulate } from "./graph.ts";
import { actionOf, scriptOf } from "./workflow.ts";
import { forWorkflow, type WorkflowCheck } from "./workflow-check.ts";

/** Folders with results of a branch, each with the only script that reads them. */
const FOREIGN: Readonly<Record<string, string>> = {
  "foreign-stacks": "plan.ts",
  image: "scan.ts image",
};

/** Checks that a workflow with credentials runs main's code only, and passes results of a branch to one script. */
export const treatsAsData: WorkflowCheck = forWorkflow(function* ({ workflow }) {
  const { on, jobs } = workflow;
  if (!("workflow_run" in on)) return;
  const run = JSON.stringify(on.workflow_run);
  if (run !== '{"workflows":["Build pull request"],"types":["completed"]}')
    yield `must run after Build pull request only, received ${run}`;
  for (const name of Object.keys(jobs)) {
    const started = simulate(workflow, contextsOf({ ref: "refs/heads/other" })).get(name);
    if (started !== "skipped") yield `${name} runs for another branch than main`;
  }
  for (const [name, { steps }] of Object.entries(jobs)) {
    for (const each of steps) {
      const { ref, repository, "run-id": runId, path = "" } = each.with;
      if (actionOf(each) === "actions/checkout" && (ref ?? repository) !== undefined)
        yield `${name} must check out main`;
      if (runId !== undefined && !Object.keys(FOREIGN).includes(path))
        yield `${name} must download results of a branch to ${Object.keys(FOREIGN).join(" or ")}, received ${path}`;
      const readers = Object.values(each.env).filter((value) =>
        Object.keys(FOREIGN).some((folder) => value === folder || value.startsWith(`${folder}/`)),
      );
      for (const folder of readers) {
        if (FOREIGN[folder.split("/")[0] ?? ""] !== scriptOf(each))
          yield `${name}: ${scriptOf(each)} must not read ${folder}`;
      }
      if (
        each.run !== undefined &&
        scriptOf(each) === undefined &&
        !/^npm (ci --ignore-scripts|rebuild snyk)\b/.test(each.run)
      )
        yield `${name} must run scripts of main only, received ${each.run}`;
    }
  }
});
