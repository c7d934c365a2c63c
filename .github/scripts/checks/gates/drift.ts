import { condition, type Rule } from "../rule.ts";
import { actionOf } from "../workflow.ts";
import { inOrder, mustRun, needs, only, planned, stepOf, UPLOAD, value } from "./parts.ts";

/** What a night must look at. */
export const driftGates: Readonly<Record<string, Rule>> = {
  "it runs every night, on main": only(function* ({ on, jobs }) {
    if (!/"schedule":\[\{"cron":"\d+ \d+ \* \* \*"\}\]/.test(JSON.stringify(on))) {
      yield "must run every night";
    }
    if (!("workflow_dispatch" in on)) yield "must run by hand, too";
    const when = condition(jobs.deployed?.if);
    yield* value(
      when,
      "vars.ENVIRONMENTS != '' && github.ref == 'refs/heads/main'",
      "its condition",
    );
  }),

  "what was deployed is planned": only(function* ({ jobs }) {
    const commit = "${{ fromJSON(needs.deployed.outputs.commits)[matrix.environment] }}";
    yield* planned(jobs.plan, "matrix.environment");
    yield* mustRun(jobs, "deployed", ["deployed-commits.ts"]);
    if (!needs(jobs, "plan").includes("deployed")) yield "plan must need deployed";
    yield* value(condition(jobs.plan?.if), "needs.deployed.outputs.environments != '[]'", "when");
    yield* inOrder(jobs.plan, ["deployed-image.ts", "plan.ts"]);
    const checkout = jobs.plan?.steps.find((step) => actionOf(step) === "actions/checkout");
    yield* value(checkout?.with.ref, commit, "what is checked out");
    const { COMMIT, IMAGE_DIGEST } = stepOf(jobs.plan, "plan.ts")?.env ?? {};
    yield* value(COMMIT, commit, "what is planned");
    yield* value(IMAGE_DIGEST, "${{ steps.image.outputs.digest }}", "the image");
    const matrix = JSON.stringify(jobs.plan?.strategy ?? "");
    if (!matrix.includes("${{ fromJSON(needs.deployed.outputs.environments) }}")) {
      yield "plan must be of each environment";
    }
    const upload = jobs.plan?.steps.find((step) => actionOf(step) === UPLOAD);
    yield* value(condition(upload?.if), "!cancelled()", "a report must outlive a failure");
  }),

  "one issue is kept, after a plan that failed, too": only(function* ({ jobs }) {
    yield* mustRun(jobs, "report", ["drift.ts"]);
    for (const needed of ["deployed", "plan"]) {
      if (!needs(jobs, "report").includes(needed)) yield `report must need ${needed}`;
    }
    const when =
      "!cancelled() && needs.deployed.result == 'success' && needs.deployed.outputs.environments != '[]'";
    yield* value(condition(jobs.report?.if), when, "its condition");
  }),
};
