import { Octokit } from "@octokit/rest";
import { optionalVariable, variable } from "./environment.ts";
import { StepError } from "./step.ts";

/** GitHub's API with the token of the job, and the repository that the job is of. */
export interface GitHub {
  readonly rest: Octokit["rest"];
  readonly paginate: Octokit["paginate"];
  readonly repository: { readonly owner: string; readonly repo: string };
}

/** Who comments and opens issues with the token of a job. */
export const BOT = "github-actions[bot]";

export function githubClient(): GitHub {
  const [owner = "", repo = ""] = variable("GITHUB_REPOSITORY").split("/");
  const octokit = new Octokit({
    auth: variable("GITHUB_TOKEN"),
    baseUrl: optionalVariable("GITHUB_API_URL") ?? "https://api.github.com",
    userAgent: "cipherwatch-pipeline",
  });
  octokit.hook.error("request", (error, options) => {
    throw new StepError(
      `GitHub refused ${options.method} ${options.url}: ${error.message}. What the job's token may do stands under permissions in the workflow.`,
    );
  });
  return { rest: octokit.rest, paginate: octokit.paginate, repository: { owner, repo } };
}

/** Whether the bot of GitHub Actions wrote this; a text alone can be anybody's. */
export function isByBot(item: {
  readonly user?: { readonly login: string; readonly type?: string } | null;
}): boolean {
  return item.user?.login === BOT && item.user.type === "Bot";
}
