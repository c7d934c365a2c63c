import { z } from "zod";
import type { SettingCheck, SettingsApi } from "./api.ts";

/** The check that the ruleset must require, and the id of GitHub Actions, which reports it. */
const REQUIRED_CHECK = "passed";
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
      const file = await api.read("/contents/.github/CODEOWNERS", z.object({ size: z.number() }));
      if (file === undefined || file.size === 0) return "main has no .github/CODEOWNERS";
      const errors = await api.read(
        "/codeowners/errors",
        z.object({ errors: z.array(z.object({ message: z.string() })) }),
      );
      const [first] = errors?.errors ?? [];
      if (first !== undefined) return `CODEOWNERS is invalid: ${first.message.split("\n")[0]}`;
      const required = (await parametersOf(api, "pull_request")).some(
        ({ require_code_owner_review: value }) => value === true,
      );
      return required ? undefined : "the rule pull_request lacks require_code_owner_review";
    },
    fix: `add .github/CODEOWNERS for .github, .snyk and package-lock.json; ${RULESET}`,
  },
  {
    title: `main requires the check ${REQUIRED_CHECK}, reported by GitHub Actions, of an up-to-date branch`,
    check: async (api) => {
      const all = await parametersOf(api, "required_status_checks");
      const required = all.flatMap(
        ({ required_status_checks: value }) => checks.safeParse(value).data ?? [],
      );
      const passed = required.find(({ context }) => context === REQUIRED_CHECK);
      if (passed === undefined) return `the check ${REQUIRED_CHECK} is not required`;
      if (passed.integration_id !== GITHUB_ACTIONS)
        return `any app may report ${REQUIRED_CHECK}: its integration_id must be ${GITHUB_ACTIONS}`;
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
