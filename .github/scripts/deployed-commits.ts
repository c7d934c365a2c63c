import { z } from "zod";
import { type GitHub, githubClient } from "./github/client.ts";
import { variable } from "./github/environment.ts";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { readEnvironment } from "./settings.ts";

export interface Deployment {
  readonly id: number;
  /** The commit. */
  readonly sha: string;
}

/** Finds the last deployment to a GitHub environment that succeeded. */
export async function lastDeployment(
  { rest, paginate, repository }: GitHub,
  environment: string,
): Promise<Deployment | undefined> {
  const pages = paginate.iterator(rest.repos.listDeployments, { ...repository, environment });
  for await (const { data: deployments } of pages) {
    for (const { id, sha } of deployments) {
      const { data: statuses } = await rest.repos.listDeploymentStatuses({
        ...repository,
        deployment_id: id,
        per_page: 100,
      });
      // Newer deployments add the status inactive but keep success.
      if (statuses.some(({ state }) => state === "success")) return { id, sha };
    }
  }
  return undefined;
}

/**
 * Finds the last commit that was deployed successfully to a GitHub environment. Any workflow can create a
 * deployment of any commit, and the drift check runs the commit's code, so it must be on main.
 * @throws StepError if it is not
 */
export async function deployedCommit(
  github: GitHub,
  environment: string,
): Promise<string | undefined> {
  const last = await lastDeployment(github, environment);
  if (last === undefined || (await isOnMain(github, last.sha))) return last?.sha;
  throw new StepError(
    `Deployment ${last.id} of ${environment} is of ${last.sha}, which is not on main. Find out who created it, and delete it.`,
  );
}

async function isOnMain(
  { rest, repository }: Pick<GitHub, "rest" | "repository">,
  commit: string,
): Promise<boolean> {
  const { data } = await rest.repos.compareCommitsWithBasehead({
    ...repository,
    basehead: `${commit}...main`,
  });
  return data.status === "ahead" || data.status === "identical";
}

if (import.meta.main) {
  await step(async () => {
    const github = githubClient();
    const environments = z.array(z.string()).parse(JSON.parse(variable("ENVIRONMENTS")));
    const commits: Record<string, string> = {};
    for (const environment of environments) {
      const text = variable(`SETTINGS_${environment.toUpperCase()}`);
      const { githubEnvironment } = readEnvironment(environment, text).settings;
      const commit = await deployedCommit(github, githubEnvironment);
      console.log(`${environment}: ${commit ?? "never deployed"}`);
      if (commit !== undefined) commits[environment] = commit;
    }
    setOutputs({
      environments: JSON.stringify(Object.keys(commits)),
      commits: JSON.stringify(commits),
    });
  });
}
