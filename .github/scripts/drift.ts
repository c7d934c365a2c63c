import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { githubClient } from "./github/client.ts";
import { runUrl, variable } from "./github/environment.ts";
import { keepIssue } from "./github/issue.ts";
import { StepError, step } from "./github/step.ts";
import { changesAnything, type EnvironmentReport, parseReport } from "./plan/plan-report.ts";
import { COMMENT_CHARACTERS, renderPlans } from "./plan/render-plans.ts";

const MARKER = "<!-- cipherwatch-drift -->";

/** What the issue about drift says, from the nightly plans; undefined: AWS is as deployed. */
export function driftIssue(
  reports: readonly EnvironmentReport[],
  run: string,
): { readonly title: string; readonly body: string } | undefined {
  const drifted = reports.filter(({ stacks }) => stacks.some(changesAnything));
  if (drifted.length === 0) return undefined;
  const names = drifted.map(({ environment }) => environment).join(" and ");
  const heading = [
    `AWS is no longer what was deployed to ${names}: a plan of the very commit that was deployed last would change it back as follows. Somebody or something else changed it.`,
    "",
    "Look in CloudTrail for who did. If the change is right, put it into the stacks; if not, run Deploy by hand. The next nightly run edits this issue, and closes it once the difference is gone.",
    "",
    "",
  ].join("\n");
  const limit = COMMENT_CHARACTERS - heading.length - MARKER.length - 1;
  const commit = drifted[0]?.commit ?? "";
  const plans = { environments: drifted, missing: [], commit, runUrl: run };
  return { title: `Drift in ${names}`, body: heading + renderPlans(plans, limit) };
}

async function report(): Promise<void> {
  const folder = variable("REPORTS");
  const environments = z.array(z.string()).parse(JSON.parse(variable("ENVIRONMENTS")));
  const files = environments.map((environment) => join(folder, `${environment}.json`));
  const missing = files.filter((file) => !existsSync(file));
  const reports = files
    .filter((file) => existsSync(file))
    .map((file) => parseReport(readFileSync(file, "utf8"), file));
  const issue = driftIssue(reports, runUrl());
  // Without all plans nobody knows that the drift is gone.
  if (issue !== undefined || missing.length === 0) {
    const did = await keepIssue(
      githubClient(),
      MARKER,
      issue,
      `[No difference any more.](${runUrl()})`,
    );
    console.log(`${issue?.title ?? "No drift"}: issue ${did}.`);
  }
  if (missing.length > 0) throw new StepError(`There is no plan: ${missing.join(", ")}.`);
}

if (import.meta.main) await step(report);
