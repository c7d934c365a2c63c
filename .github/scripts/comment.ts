import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { githubClient } from "./github/client.ts";
import { MARKER_CHARACTERS, upsertComment } from "./github/comment.ts";
import { runUrl, variable } from "./github/environment.ts";
import { StepError, step } from "./github/step.ts";
import { parseReport } from "./plan/plan-report.ts";
import { REVIEW_RECORD, type ReviewRecord, renderReview } from "./plan/review-record.ts";

/** Folder of the artifact for the deployment. */
const REVIEW = "review";

/**
 * Creates or updates the pull request's comment with the plans of all environments, and records what it shows
 * for the deployment, because anyone with write access can edit a comment.
 */
async function comment(): Promise<void> {
  const github = githubClient();
  const folder = variable("REPORTS");
  const environments = z.array(z.string()).parse(JSON.parse(variable("ENVIRONMENTS")));
  const pullRequest = Number(variable("PULL_REQUEST"));
  const fileOf = (environment: string) => join(folder, `${environment}.json`);
  const planned = environments.filter((environment) => existsSync(fileOf(environment)));
  const record: ReviewRecord = {
    pullRequest,
    commit: variable("COMMIT"),
    pushedBy: variable("PUSHED_BY"),
    runUrl: runUrl(),
    environments: planned.map((environment) =>
      parseReport(readFileSync(fileOf(environment), "utf8"), fileOf(environment)),
    ),
    missing: environments.filter((environment) => !planned.includes(environment)),
  };
  const { data } = await github.rest.pulls.get({ ...github.repository, pull_number: pullRequest });
  if (data.head.sha !== record.commit) {
    throw new StepError(
      `Not shown: ${record.commit} is no longer the head of pull request #${pullRequest}. The head is ${data.head.sha}, whose own review shows its plans.`,
    );
  }
  mkdirSync(REVIEW, { recursive: true });
  writeFileSync(join(REVIEW, REVIEW_RECORD), JSON.stringify(record));
  const body = renderReview(record, MARKER_CHARACTERS);
  console.log(`Plans: ${await upsertComment(github, pullRequest, body)}`);
}

if (import.meta.main) await step(comment);
