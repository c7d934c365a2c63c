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

/** Renders the drift issue from the nightly plans. @returns undefined if AWS matches the deployment */
export function driftIssue(
  reports: readonly EnvironmentReport[],
  run: string,
): { readonly title: string; readonly body: string } | undefined {
  const drifted = reports.filter(({ stacks }) => stacks.some(changesAnything));
  if (drifted.length === 0) return undefined;
  const names = drifted.map(({ environment }) => environment).join(" and ");
  const heading = [
    `AWS no longer matches the last deployment to ${names}. A plan of the deployed commit would change it back as follows.`,
    "",
    "Find out in CloudTrail who changed it. If the change is right, add it to the stacks; if not, run Deploy by hand. The next nightly run updates this issue, and closes it once AWS matches again.",
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
  // A missing plan is no proof that the drift is gone.
  if (issue !== undefined || missing.length === 0) {
    const did = await keepIssue(
      githubClient(),
      MARKER,
      issue,
      `[AWS matches the deployment again.](${runUrl()})`,
    );
    console.log(`${issue?.title ?? "No drift"}: issue ${did}.`);
  }
  if (missing.length > 0)
    throw new StepError(
      `Missing plan reports: ${missing.join(", ")}. See the log of the job plan.`,
    );
}

if (import.meta.main) await step(report);
