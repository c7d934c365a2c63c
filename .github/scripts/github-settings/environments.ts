import { z } from "zod";
import { StepError } from "../github/step.ts";
import { readEnvironment } from "../settings.ts";
import type { SettingCheck, SettingsApi } from "./api.ts";

const COMMANDS = "see the commands for environments in docs/pipeline.md, step 2";
const SNYK = "snyk";

const variable = z.object({ value: z.string() });
const environment = z.object({
  protection_rules: z
    .array(
      z.object({
        type: z.string(),
        prevent_self_review: z.boolean().optional(),
        reviewers: z.array(z.unknown()).optional(),
      }),
    )
    .default([]),
  deployment_branch_policy: z
    .object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() })
    .nullable(),
});
const policies = z.object({
  branch_policies: z.array(z.object({ name: z.string(), type: z.string().default("branch") })),
});
const secrets = z.object({ secrets: z.array(z.object({ name: z.string() })) });

/** The environments of Cipherwatch that the pipeline deploys, with their settings in GitHub. */
interface DeployedEnvironment {
  readonly name: string;
  readonly shape: string;
  readonly githubEnvironment: string;
  readonly repositoryIds: string | undefined;
}

/** @throws StepError if the variables of the repository are missing or invalid */
export async function deployedEnvironments(
  api: SettingsApi,
): Promise<readonly DeployedEnvironment[]> {
  const listed = await api.read("/actions/variables/ENVIRONMENTS", variable);
  if (listed === undefined) throw new StepError("the variable ENVIRONMENTS is not set");
  const names = z.array(z.string()).parse(JSON.parse(listed.value));
  return Promise.all(
    names.map(async (name) => {
      const setting = `SETTINGS_${name.toUpperCase()}`;
      const text = await api.read(`/actions/variables/${setting}`, variable);
      if (text === undefined) throw new StepError(`the variable ${setting} is not set`);
      const { shape, githubEnvironment, githubRepositoryIds } = readEnvironment(
        name,
        text.value,
      ).settings;
      return { name, shape, githubEnvironment, repositoryIds: githubRepositoryIds };
    }),
  );
}

const pathOf = (name: string) => `/environments/${encodeURIComponent(name)}`;

/** @returns what is wrong unless only main may use an environment */
async function onlyMain(api: SettingsApi, name: string): Promise<string | undefined> {
  const found = await api.read(pathOf(name), environment);
  if (found === undefined) return `there is no environment ${name}`;
  if (found.deployment_branch_policy?.custom_branch_policies !== true)
    return `${name} is not limited to named branches`;
  const listed = await api.read(`${pathOf(name)}/deployment-branch-policies`, policies);
  const branches = (listed?.branch_policies ?? []).map((policy) => `${policy.type} ${policy.name}`);
  return branches.join() === "branch main"
    ? undefined
    : `${name} must allow the branch main only, but allows: ${branches.join(", ") || "nothing"}`;
}

async function secretsOf(api: SettingsApi, name: string): Promise<readonly string[]> {
  const found = await api.read(`${pathOf(name)}/secrets`, secrets);
  return (found?.secrets ?? []).map((secret) => secret.name);
}

/** Returns the first problem, checking one environment after the other. */
async function firstProblem(
  names: readonly string[],
  check: (name: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  for (const name of names) {
    const problem = await check(name);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The environments of GitHub: which branches get the deploy roles and Snyk's token, and who approves. */
export const environments: readonly SettingCheck[] = [
  {
    title: "only main deploys",
    check: async (api) =>
      firstProblem(
        (await deployedEnvironments(api)).map(({ githubEnvironment }) => githubEnvironment),
        (name) => onlyMain(api, name),
      ),
    fix: COMMANDS,
  },
  {
    title: "somebody else approves a deployment to prod",
    check: async (api) =>
      firstProblem(
        (await deployedEnvironments(api))
          .filter(({ shape }) => shape === "prod")
          .map(({ githubEnvironment }) => githubEnvironment),
        async (name) => {
          const found = await api.read(pathOf(name), environment);
          const rule = found?.protection_rules.find(({ type }) => type === "required_reviewers");
          if (rule === undefined || (rule.reviewers ?? []).length === 0)
            return `${name} requires no reviewers`;
          return rule.prevent_self_review === true
            ? undefined
            : `in ${name}, those who start a deployment may approve it themselves`;
        },
      ),
    fix: `${COMMANDS}. In private repositories, reviewers require GitHub Enterprise`,
  },
  {
    title: "Snyk's token is in the environment snyk, which only main may use",
    check: async (api) => {
      const names = await secretsOf(api, SNYK);
      if (!names.includes("SNYK_TOKEN")) return `${SNYK} has no secret SNYK_TOKEN`;
      return onlyMain(api, SNYK);
    },
    fix: `gh secret set SNYK_TOKEN --env snyk; ${COMMANDS}`,
  },
  {
    title: "no other environment has secrets",
    check: async (api) =>
      firstProblem(
        (await deployedEnvironments(api)).map(({ githubEnvironment }) => githubEnvironment),
        async (name) => {
          const names = await secretsOf(api, name);
          return names.length === 0 ? undefined : `${name} has the secrets ${names.join(", ")}`;
        },
      ),
    fix: "gh secret delete NAME --env ENVIRONMENT",
  },
  {
    title: "the repository and its organization give workflows no other secret",
    check: async (api) => {
      const own = await api.read("/actions/secrets", secrets);
      const shared = await api.read("/actions/organization-secrets", secrets);
      const names = [own, shared].flatMap((found) => found?.secrets.map(({ name }) => name) ?? []);
      return names.length === 0
        ? undefined
        : `every workflow of every branch can read ${names.join(", ")}`;
    },
    fix: "gh secret delete NAME, or limit the organization's secret to other repositories",
  },
];
