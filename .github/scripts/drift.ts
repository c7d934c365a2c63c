import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { githubClient } from "./github/client.ts";
import { runUrl, variable } from "./github/environment.ts";
import { keepIssue } from "./github/issue.ts";
import { StepError, step } from "./github/step.ts";
import { code } from "./plan/markdown.ts";
import {
  changesAnything,
  type EnvironmentReport,
  type PlannedStack,
  parseReport,
  type StackReport,
} from "./plan/plan-report.ts";
import { COMMENT_CHARACTERS, renderPlans } from "./plan/render-plans.ts";

const MARKER = "<!-- cipherwatch-drift -->";
const FAILURE_MARKER = "<!-- cipherwatch-drift-failure -->";

interface Issue {
  readonly title: string;
  readonly body: string;
}

/**
 * Renders the issue about drift.
 * @returns undefined if no planned stack differs from AWS and every check of the stacks holds
 */
export function driftIssue(reports: readonly EnvironmentReport[], run: string): Issue | undefined {
  const drifted = reports
    .map((report) => ({
      ...report,
      stacks: report.stacks
        .filter(isPlanned)
        .filter((stack) => changesAnything(stack) || stack.failedChecks.length > 0),
    }))
    .filter(({ stacks }) => stacks.length > 0);
  if (drifted.length === 0) return undefined;
  const names = drifted.map(({ environment }) => environment).join(" and ");
  const hasChanges = drifted.some(({ stacks }) => stacks.some(changesAnything));
  const heading = [
    ...(hasChanges
      ? [
          `AWS no longer matches the last deployment to ${names}. A plan of the deployed commit would change it back as follows.`,
          "If the change is right, add it to the stacks; if not, run Deploy by hand. The next nightly run updates this issue, and closes it once AWS matches again.",
          ...callers(drifted),
        ]
      : [
          `A check of the last deployment to ${names} does not hold. The next nightly run updates this issue, and closes it once all checks hold.`,
        ]),
    "",
  ].join("\n\n");
  const limit = COMMENT_CHARACTERS - heading.length - MARKER.length - 1;
  const commit = drifted[0]?.commit ?? "";
  const plans = { environments: drifted, missing: [], commit, runUrl: run };
  return { title: `Drift in ${names}`, body: heading + renderPlans(plans, limit) };
}

/** Most calls that the issue lists. */
const CALLS = 40;

/** Lists who changed the resources, and what CloudTrail cannot tell. */
function callers(reports: readonly EnvironmentReport[]): string[] {
  const lines = reports.flatMap(({ environment, stacks }) =>
    stacks
      .filter(isPlanned)
      .flatMap(({ resources }) =>
        resources.flatMap(({ address, changedBy = [] }) =>
          changedBy.map(
            ({ event, caller, time, id }) =>
              `- ${environment}: ${code(address)}: ${code(event)} by ${code(caller)} at ${time} (event ${code(id)})`,
          ),
        ),
      ),
  );
  const limits =
    "CloudTrail lists management events of the last 90 days in the region of the environment, up to 15 minutes late. " +
    "Events of IAM are in us-east-1, and not every event names its resource.";
  if (lines.length === 0) {
    return [`CloudTrail does not show who changed these resources. ${limits}`];
  }
  const left = lines.length - CALLS;
  return [
    "The latest calls that changed these resources:",
    [...lines.slice(0, CALLS), ...(left > 0 ? [`- and ${left} more`] : [])].join("\n"),
    limits,
  ];
}

/** Renders the issue about plans that failed. @returns undefined if there is a plan of every stack */
export function failureIssue(
  reports: readonly EnvironmentReport[],
  missing: readonly string[],
  run: string,
): Issue | undefined {
  const failed = reports
    .map((report) => ({ ...report, stacks: report.stacks.filter(hasFailed) }))
    .filter(({ stacks }) => stacks.length > 0);
  const names = [...failed.map(({ environment }) => environment), ...missing];
  if (names.length === 0) return undefined;
  const heading =
    "Terraform could not plan the deployed commit, so it is unknown whether AWS still matches the deployment. " +
    "This is not drift. The next nightly run closes this issue if the plans succeed.\n\n";
  const limit = COMMENT_CHARACTERS - heading.length - FAILURE_MARKER.length - 1;
  const plans = { environments: failed, missing, commit: failed[0]?.commit ?? "", runUrl: run };
  return {
    title: `The drift check of ${names.join(" and ")} failed`,
    body: heading + renderPlans(plans, limit),
  };
}

/** The deployed commit was applied before, so a plan that waits for another stack has failed. */
function hasFailed({ outcome }: StackReport): boolean {
  return outcome === "failed" || outcome === "waiting";
}

function isPlanned(stack: StackReport): stack is PlannedStack {
  return stack.outcome === "planned";
}

async function report(): Promise<void> {
  const folder = variable("REPORTS");
  const environments = z.array(z.string()).parse(JSON.parse(variable("ENVIRONMENTS")));
  const fileOf = (environment: string) => join(folder, `${environment}.json`);
  const missing = environments.filter((environment) => !existsSync(fileOf(environment)));
  const reports = environments
    .filter((environment) => !missing.includes(environment))
    .map((environment) =>
      parseReport(readFileSync(fileOf(environment), "utf8"), fileOf(environment)),
    );
  const github = githubClient();
  const drift = driftIssue(reports, runUrl());
  // A stack without a plan is no proof that its drift is gone.
  const complete = missing.length === 0 && reports.every(({ stacks }) => stacks.every(isPlanned));
  if (drift !== undefined || complete) {
    const gone = `[AWS matches the deployment again.](${runUrl()})`;
    const did = await keepIssue(github, MARKER, drift, gone);
    console.log(`${drift?.title ?? "No drift"}: issue ${did}.`);
  }
  const failure = failureIssue(reports, missing, runUrl());
  await keepIssue(github, FAILURE_MARKER, failure, `[All plans succeed again.](${runUrl()})`);
  if (failure !== undefined) {
    throw new StepError(`${failure.title}. See the issue, and the log of the job plan.`);
  }
}

if (import.meta.main) await step(report);
