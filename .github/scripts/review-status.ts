import { z } from "zod";
import { githubClient } from "./github/client.ts";
import { runUrl, variable } from "./github/environment.ts";
import { setReviewStatus } from "./github/review-status.ts";
import { annotate, step } from "./github/step.ts";

/** Reports the results of the review's jobs as a status of the pull request's head commit. */
async function reviewStatus(): Promise<void> {
  const results = z.array(z.string()).parse(JSON.parse(variable("RESULTS")));
  const environments = z.array(z.string()).parse(JSON.parse(variable("ENVIRONMENTS")));
  const hasFailed = results.some((result) => result === "failure" || result === "cancelled");
  const description = hasFailed
    ? "A scan or a plan failed: see the details"
    : environments.length > 0
      ? "Scanned and planned"
      : "Scanned, not planned: GitHub passes no settings to this pull request";
  const state = hasFailed ? "failure" : "success";
  await setReviewStatus(githubClient(), variable("COMMIT"), state, description, runUrl());
  if (environments.length === 0)
    annotate(
      "notice",
      "No environment is planned. After a review of the code, a maintainer can push the commits to a branch of this repository and open a pull request from there. If this one is merged instead, run Deploy by hand.",
    );
}

if (import.meta.main) await step(reviewStatus);
