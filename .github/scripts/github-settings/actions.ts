import { z } from "zod";
import { actionPins } from "../checks/pins.ts";
import type { SettingCheck } from "./api.ts";
import { deployedEnvironments } from "./environments.ts";

/** The owners of the actions that `github_owned_allowed` covers. */
const GITHUB = ["actions", "github"];

const thirdParty = Object.keys(actionPins).filter(
  (action) => !GITHUB.includes(action.split("/")[0] ?? ""),
);
const patterns = thirdParty.map((action) => `${action}@*`);

const permissions = z.object({
  enabled: z.boolean(),
  allowed_actions: z.string().optional(),
  sha_pinning_required: z.boolean().optional(),
});
const selected = z.object({
  verified_allowed: z.boolean().default(false),
  patterns_allowed: z.array(z.string()).default([]),
});

/** What GitHub Actions may run, and with which token. */
export const actions: readonly SettingCheck[] = [
  {
    title: "workflows use only the actions of this pipeline, pinned to commits",
    check: async (api) => {
      const found = await api.read("/actions/permissions", permissions);
      if (found?.enabled !== true) return "GitHub Actions is disabled";
      if (found.allowed_actions !== "selected")
        return `allowed_actions must be selected, received ${found.allowed_actions}`;
      if (found.sha_pinning_required !== true) return "sha_pinning_required is off";
      const list = await api.read("/actions/permissions/selected-actions", selected);
      if (list?.verified_allowed !== false)
        return "verified_allowed is on: actions of every verified creator may run";
      const allowed = new Set(list.patterns_allowed);
      const more = [...allowed].filter(
        (pattern) => !thirdParty.some((action) => pattern.startsWith(`${action}@`)),
      );
      if (more.length > 0) return `not used by the pipeline, but allowed: ${more.join(", ")}`;
      const missing = thirdParty.filter(
        (action) => ![...allowed].some((pattern) => pattern.startsWith(`${action}@`)),
      );
      return missing.length === 0 ? undefined : `not allowed: ${missing.join(", ")}`;
    },
    fix: [
      "gh api --method PUT 'repos/{owner}/{repo}/actions/permissions' -F enabled=true -f allowed_actions=selected -F sha_pinning_required=true",
      `gh api --method PUT 'repos/{owner}/{repo}/actions/permissions/selected-actions' -F github_owned_allowed=true -F verified_allowed=false ${patterns.map((pattern) => `-f 'patterns_allowed[]=${pattern}'`).join(" ")}`,
    ].join("\n      "),
  },
  {
    title: "the token of a job can only read by default, and never approves a pull request",
    check: async (api) => {
      const found = await api.read(
        "/actions/permissions/workflow",
        z.object({
          default_workflow_permissions: z.string(),
          can_approve_pull_request_reviews: z.boolean(),
        }),
      );
      if (found?.default_workflow_permissions !== "read")
        return `default_workflow_permissions must be read, received ${found?.default_workflow_permissions}`;
      return found.can_approve_pull_request_reviews
        ? "can_approve_pull_request_reviews is on"
        : undefined;
    },
    fix: "gh api --method PUT 'repos/{owner}/{repo}/actions/permissions/workflow' -f default_workflow_permissions=read -F can_approve_pull_request_reviews=false",
  },
  {
    title: "workflows for pull requests from forks run only after approval, without secrets",
    check: async (api) => {
      const repository = await api.read("", z.object({ private: z.boolean() }));
      if (repository?.private === true) {
        const forks = await api.read(
          "/actions/permissions/fork-pr-workflows-private-repos",
          z.object({
            run_workflows_from_fork_pull_requests: z.boolean(),
            send_write_tokens_to_workflows: z.boolean(),
            send_secrets_and_variables: z.boolean(),
            require_approval_for_fork_pr_workflows: z.boolean(),
          }),
        );
        if (forks === undefined || !forks.run_workflows_from_fork_pull_requests) return undefined;
        if (forks.send_write_tokens_to_workflows) return "forks get a token that may write";
        if (forks.send_secrets_and_variables) return "forks get the secrets";
        return forks.require_approval_for_fork_pr_workflows ? undefined : "forks run unapproved";
      }
      const found = await api.read(
        "/actions/permissions/fork-pr-contributor-approval",
        z.object({ approval_policy: z.string() }),
      );
      return found?.approval_policy === "all_external_contributors"
        ? undefined
        : `approval_policy must be all_external_contributors, received ${found?.approval_policy}`;
    },
    fix: "gh api --method PUT 'repos/{owner}/{repo}/actions/permissions/fork-pr-contributor-approval' -f approval_policy=all_external_contributors; in a private repository: Settings > Actions > General > Fork pull request workflows",
  },
  {
    title: "the subjects of OIDC tokens are those that the AWS roles trust",
    check: async (api) => {
      const found = await api.read(
        "/actions/oidc/customization/sub",
        z.object({ use_default: z.boolean(), use_immutable_subject: z.boolean().optional() }),
      );
      if (found === undefined) return undefined;
      if (!found.use_default) return "the repository customizes the subject";
      const { use_immutable_subject: immutable } = found;
      if (immutable === undefined) return undefined;
      const other = (await deployedEnvironments(api)).find(
        ({ repositoryIds }) => (repositoryIds !== undefined) !== immutable,
      );
      return other === undefined
        ? undefined
        : `subjects ${immutable ? "contain" : "do not contain"} ids, so SETTINGS_${other.name.toUpperCase()} must ${immutable ? "" : "not "}set CIPHERWATCH_GITHUB_REPOSITORY_IDS`;
    },
    fix: "see docs/pipeline.md, step 1, and deploy bootstrap again",
  },
];
