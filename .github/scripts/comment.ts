import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { githubClient } from "./github/client.ts";
import { MARKER_CHARACTERS, upsertComment } from "./github/comment.ts";
import { runUrl, variable } from "./github/environment.ts";
import { step } from "./github/step.ts";
import { parseReport } from "./plan/plan-report.ts";
import { COMMENT_CHARACTERS, renderPlans } from "./plan/render-plans.ts";

/** Creates or updates the pull request's comment with the plans of all environments. */
async function comment(): Promise<void> {
  const folder = variable("REPORTS");
  const environments = z.array(z.string()).parse(JSON.parse(variable("ENVIRONMENTS")));
  const fileOf = (environment: string) => join(folder, `${environment}.json`);
  const planned = environments.filter((environment) => existsSync(fileOf(environment)));
  const commit = variable("COMMIT");
  const body = renderPlans(
    {
      environments: planned.map((environment) =>
        parseReport(readFileSync(fileOf(environment), "utf8"), fileOf(environment)),
      ),
      missing: environments.filter((environment) => !planned.includes(environment)),
      commit,
      runUrl: runUrl(),
    },
    COMMENT_CHARACTERS - MARKER_CHARACTERS,
  );
  const url = await upsertComment(githubClient(), Number(variable("PULL_REQUEST")), body);
  console.log(`Plans: ${url}`);
}

if (import.meta.main) await step(comment);
