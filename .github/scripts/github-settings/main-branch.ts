import { z } from "zod";
import type { SettingCheck, SettingsApi } from "./api.ts";

/** The checks that the ruleset must require, and the id of GitHub Actions, which reports them. */
const REQUIRED_CHECKS = ["passed", "review"] as const;
const GITHUB_ACTIONS = 15368;

const RULESET = "see the ruleset in docs/pipeline.md, step 2";

const rule = z.object({
  type: z.string(),
  ruleset_id: z.number().optional(),
  parameters: z.record(z.string(), z.unknown()).default({}),
});
type Rule = z.output<typeof rule>;

async function rules(api: SettingsApi): Promise<readonly Rule[]> {
  return (await api.read("/rules/branches/main?per_page=100", z.array(rule))) ?? [];
}

/** @returns parameters of all rules of a type: the strictest applies */
async function parametersOf(
  api: SettingsApi,
  type: string,
): Promise<readonly Rule["parameters"][]> {
  return (await rules(api))
    .filter((each) => each.type === type)
    .map(({ parameters }) => parameters);
}

const checks = z.array(z.object({ context: z.string(), integration_id: z.number().optional() }));

/** https://docs.github.com/rest/repos/repos#list-codeowners-errors */
const codeOwnersErrors = z.object({
  errors: z.array(
    z.object({
      kind: z.string(),
      message: z.string(),
      source: z.string().default(""),
      column: z.number(),
    }),
  ),
});

/** @returns what is wrong with CODEOWNERS on main: owners that GitHub cannot resolve, or the first other error */
async function codeOwnersProblem(api: SettingsApi): Promise<string | undefined> {
  const file = await api.read("/contents/.github/CODEOWNERS", z.object({ size: z.number() }));
  if (file === undefined || file.size === 0) return "main has no .github/CODEOWNERS";
  const { errors } = (await api.read("/codeowners/errors", codeOwnersErrors)) ?? { errors: [] };
  const owners = errors
    .filter(({ kind }) => kind === "Unknown owner")
    .map(({ source, column }) => source.slice(column - 1).split(/\s/)[0] ?? "");
  if (owners.length > 0)
    return `CODEOWNERS names ${[...new Set(owners)].join(", ")}, which GitHub ignores: an owner must exist, be visible and have write access`;
  const [first] = errors;
  return first && `CODEOWNERS is invalid: ${first.message.split("\n")[0]}`;
}

/** Rules for main: everything that runs with credentials runs main's code. */
export const mainBranch: readonly SettingCheck[] = [
  {
    title: "main can be neither deleted nor force-pushed",
    check: async (api) => {
      const types = (await rules(api)).map(({ type }) => type);
      const missing = ["deletion", "non_fast_forward"].filter((type) => !types.includes(type));
      return missing.length === 0 ? undefined : `no rule ${missing.join(" and ")} for main`;
    },
    fix: RULESET,
  },
  {
    title: "main only changes by a pull request that somebody else approved in its last state",
    check: async (api) => {
      const all = await parametersOf(api, "pull_request");
      if (all.length === 0) return "no rule pull_request for main";
      const lacking = [
        ["required_approving_review_count", (value: unknown) => Number(value) >= 1],
        ["dismiss_stale_reviews_on_push", (value: unknown) => value === true],
        ["require_last_push_approval", (value: unknown) => value === true],
      ] as const;
      const names = lacking
        .filter(([name, accepts]) => !all.some((parameters) => accepts(parameters[name])))
        .map(([name]) => name);
      return names.length === 0 ? undefined : `the rule pull_request lacks ${names.join(", ")}`;
    },
    fix: RULESET,
  },
  {
    title: "a code owner approves changes to what guards the pipeline",
    check: async (api) => {
      const problem = await codeOwnersProblem(api);
      if (problem !== undefined) return problem;
      const required = (await parametersOf(api, "pull_request")).some(
        ({ require_code_owner_review: value }) => value === true,
      );
      return required ? undefined : "the rule pull_request lacks require_code_owner_review";
    },
    fix: `replace the owner in .github/CODEOWNERS, see docs/pipeline.md, step 2; ${RULESET}`,
  },
  {
    title: `main requires the checks ${REQUIRED_CHECKS.join(" and ")}, reported by GitHub Actions, of an up-to-date branch`,
    check: async (api) => {
      const all = await parametersOf(api, "required_status_checks");
      const required = all.flatMap(
        ({ required_status_checks: value }) => checks.safeParse(value).data ?? [],
      );
      const reporters = (name: string) =>
        required.filter(({ context }) => context === name).map((each) => each.integration_id);
      const missing = REQUIRED_CHECKS.filter((name) => reporters(name).length === 0);
      if (missing.length > 0) return `not required: ${missing.join(", ")}`;
      const byAnyone = REQUIRED_CHECKS.filter((name) => !reporters(name).includes(GITHUB_ACTIONS));
      if (byAnyone.length > 0)
        return `any app may report ${byAnyone.join(", ")}: the integration_id must be ${GITHUB_ACTIONS}`;
      return all.some(({ strict_required_status_checks_policy: strict }) => strict === true)
        ? undefined
        : "strict_required_status_checks_policy is off";
    },
    fix: RULESET,
  },
  {
    title: "nobody bypasses these rules",
    check: async (api) => {
      const ids = new Set((await rules(api)).flatMap(({ ruleset_id: id }) => id ?? []));
      for (const id of ids) {
        const ruleset = await api.read(
          `/rulesets/${id}`,
          z.object({ name: z.string(), bypass_actors: z.array(z.unknown()).optional() }),
        );
        if (ruleset?.bypass_actors === undefined) return `the ruleset ${id} cannot be read`;
        const { length } = ruleset.bypass_actors;
        if (length > 0) return `${length} roles, teams or apps may bypass ${ruleset.name}`;
      }
      return undefined;
    },
    fix: "Settings > Rules > Rulesets > main > Bypass list: remove every entry",
  },
];
