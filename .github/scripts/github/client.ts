import { Octokit } from "@octokit/rest";
import { optionalVariable, variable } from "./environment.ts";
import { StepError } from "./step.ts";

/** A client for GitHub's API with the job's token, and the repository of the job. */
export interface GitHub {
  readonly rest: Octokit["rest"];
  readonly paginate: Octokit["paginate"];
  readonly repository: { readonly owner: string; readonly repo: string };
}

/** Author of comments and issues created with a job's token. */
export const BOT = "github-actions[bot]";

/** Opens pull requests with updates; GitHub passes no secrets to runs that it starts. */
export const DEPENDABOT = "dependabot[bot]";

export function githubClient(): GitHub {
  const [owner = "", repo = ""] = variable("GITHUB_REPOSITORY").split("/");
  const octokit = new Octokit({
    auth: variable("GITHUB_TOKEN"),
    baseUrl: optionalVariable("GITHUB_API_URL") ?? "https://api.github.com",
    userAgent: "cipherwatch-pipeline",
  });
  octokit.hook.error("request", (error, options) => {
    throw new StepError(
      `GitHub rejected ${options.method} ${options.url}: ${error.message}. Check the job's permissions in the workflow.`,
    );
  });
  return { rest: octokit.rest, paginate: octokit.paginate, repository: { owner, repo } };
}

/** Returns whether GitHub Actions wrote a comment or issue; anyone can copy its text. */
export function isByBot(item: {
  readonly user?: { readonly login: string; readonly type?: string } | null;
}): boolean {
  return item.user?.login === BOT && item.user.type === "Bot";
}
