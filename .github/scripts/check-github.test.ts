import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { checkSettings, settingChecks } from "./check-github.ts";
import { actionPins } from "./checks/pins.ts";
import { settingsApi } from "./github-settings/api.ts";

const REPOSITORY = "example-org/cipherwatch";
const settingsVariable = (env: string) =>
  [
    `CIPHERWATCH_ENV=${env}`,
    "CIPHERWATCH_ACCOUNT_ID=123456789012",
    "CIPHERWATCH_ALERT_EMAIL=security@example.com",
    `CIPHERWATCH_GITHUB_REPOSITORY=${REPOSITORY}`,
    "CIPHERWATCH_GITHUB_REPOSITORY_IDS=1/2",
    "CIPHERWATCH_STATE_BUCKET=states",
    "PLAN_ROLE_ARN=arn:aws:iam::123456789012:role/plan",
    "DEPLOY_ROLE_ARN=arn:aws:iam::123456789012:role/deploy",
    "PLAN_BUCKET=plans",
  ].join("\n");

type Responses = Record<string, unknown>;

/** Required checks that GitHub Actions reports. */
const PASSED = { context: "passed", integration_id: 15368 };
const REVIEW = { context: "review", integration_id: 15368 };

const requiredChecks = (required_status_checks: readonly object[], strict = true) => ({
  type: "required_status_checks",
  parameters: { strict_required_status_checks_policy: strict, required_status_checks },
});

/** An error in CODEOWNERS, with the line in which it is. */
const codeOwnersError = (kind: string, source: string, column: number) => ({
  kind,
  source,
  column,
  line: 3,
  message: `${kind} on line 3\n\n  ${source}`,
  path: ".github/CODEOWNERS",
});

const environment = (name: string, rules: readonly unknown[] = []): Responses => ({
  [`/environments/${name}`]: {
    name,
    protection_rules: [{ id: 1, type: "branch_policy" }, ...rules],
    deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
  },
  [`/environments/${name}/deployment-branch-policies`]: {
    total_count: 1,
    branch_policies: [{ id: 2, name: "main", type: "branch" }],
  },
  [`/environments/${name}/secrets`]: { total_count: 0, secrets: [] },
});

/** Responses as GitHub documents them, of a repository whose settings are right. */
function rightSettings(): Responses {
  const rule = (type: string, parameters?: unknown) => ({
    type,
    ruleset_source_type: "Repository",
    ruleset_source: REPOSITORY,
    ruleset_id: 42,
    ...(parameters === undefined ? {} : { parameters }),
  });
  const thirdParty = Object.keys(actionPins).filter((name) => !/^(actions|github)\//.test(name));
  return {
    "": { full_name: REPOSITORY, private: false },
    "/rules/branches/main": [
      rule("deletion"),
      rule("non_fast_forward"),
      rule("pull_request", {
        required_approving_review_count: 1,
        dismiss_stale_reviews_on_push: true,
        require_last_push_approval: true,
        require_code_owner_review: true,
        required_review_thread_resolution: false,
      }),
      rule("required_status_checks", {
        strict_required_status_checks_policy: true,
        required_status_checks: [PASSED, REVIEW],
      }),
    ],
    "/rulesets/42": { id: 42, name: "main", enforcement: "active", bypass_actors: [] },
    "/contents/.github/CODEOWNERS": { type: "file", size: 120 },
    "/codeowners/errors": { errors: [] },
    "/actions/variables/ENVIRONMENTS": { name: "ENVIRONMENTS", value: '["dev", "prod"]' },
    "/actions/variables/SETTINGS_DEV": { name: "SETTINGS_DEV", value: settingsVariable("dev") },
    "/actions/variables/SETTINGS_PROD": { name: "SETTINGS_PROD", value: settingsVariable("prod") },
    ...environment("dev"),
    ...environment("production", [
      {
        id: 3,
        type: "required_reviewers",
        prevent_self_review: true,
        reviewers: [{ type: "Team", reviewer: { slug: "security" } }],
      },
    ]),
    ...environment("snyk"),
    "/environments/snyk/secrets": { total_count: 1, secrets: [{ name: "SNYK_TOKEN" }] },
    "/actions/secrets": { total_count: 0, secrets: [] },
    "/actions/organization-secrets": { total_count: 0, secrets: [] },
    "/actions/permissions": {
      enabled: true,
      allowed_actions: "selected",
      sha_pinning_required: true,
    },
    "/actions/permissions/selected-actions": {
      github_owned_allowed: true,
      verified_allowed: false,
      patterns_allowed: thirdParty.map((name) => `${name}@*`),
    },
    "/actions/permissions/workflow": {
      default_workflow_permissions: "read",
      can_approve_pull_request_reviews: false,
    },
    "/actions/permissions/fork-pr-contributor-approval": {
      approval_policy: "all_external_contributors",
    },
    "/actions/oidc/customization/sub": { use_default: true, use_immutable_subject: true },
  };
}

let server: Server;
let responses: Responses;
let authorization: (string | undefined)[];
beforeAll(async () => {
  server = createServer(({ url = "", headers }, response) => {
    authorization.push(headers.authorization);
    const path = url.split("?")[0]?.replace(`/repos/${REPOSITORY}`, "") ?? "";
    const body = responses[path];
    const status = body === "forbidden" ? 403 : body === undefined ? 404 : 200;
    response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" });
    response.end(JSON.stringify(status === 200 ? body : { message: `status ${status}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  responses = rightSettings();
  authorization = [];
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("GITHUB_API_URL", `http://127.0.0.1:${port}`);
  vi.stubEnv("GITHUB_REPOSITORY", REPOSITORY);
  vi.stubEnv("GITHUB_TOKEN", "token-1");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function check(): Promise<{ readonly wrong: number; readonly text: string }> {
  const lines: string[] = [];
  const wrong = await checkSettings(settingsApi(), (line) => lines.push(line));
  return { wrong, text: lines.join("\n") };
}

test("accepts a repository whose settings are right, and sends the token", async () => {
  const { wrong, text } = await check();
  expect(wrong, text).toBe(0);
  expect(text.match(/^ok {7}/gm)).toHaveLength(settingChecks.length);
  expect(new Set(authorization)).toEqual(new Set(["token token-1"]));
});

/** Path of a response, a change to it, and the problem that is reported. */
const violations: readonly (readonly [path: string, body: unknown, problem: RegExp])[] = [
  ["/rules/branches/main", [], /no rule deletion and non_fast_forward for main/],
  [
    "/rules/branches/main",
    [{ type: "pull_request" }],
    /lacks required_approving_review_count, dis/,
  ],
  [
    "/rules/branches/main",
    [{ type: "pull_request", parameters: { required_approving_review_count: 1 } }],
    /lacks dismiss_stale_reviews_on_push, require_last_push_approval/,
  ],
  ["/rules/branches/main", [{ type: "pull_request" }], /lacks require_code_owner_review/],
  ["/rules/branches/main", [], /problem: not required: passed, review/],
  ["/rules/branches/main", [requiredChecks([PASSED])], /problem: not required: review$/m],
  ["/rules/branches/main", [requiredChecks([REVIEW])], /problem: not required: passed$/m],
  [
    "/rules/branches/main",
    [requiredChecks([{ context: "passed" }, { ...REVIEW, integration_id: 1 }])],
    /any app may report passed, review: the integration_id must be 15368/,
  ],
  [
    "/rules/branches/main",
    [requiredChecks([PASSED, { context: "review" }])],
    /any app may report review:/,
  ],
  [
    "/rules/branches/main",
    [requiredChecks([PASSED, REVIEW], false)],
    /strict_required_status_checks_policy is off/,
  ],
  [
    "/rulesets/42",
    { name: "main", bypass_actors: [{ actor_type: "RepositoryRole" }] },
    /1 roles, /,
  ],
  ["/rulesets/42", { name: "main" }, /the ruleset 42 cannot be read/],
  ["/contents/.github/CODEOWNERS", undefined, /main has no \.github\/CODEOWNERS/],
  [
    "/codeowners/errors",
    { errors: [codeOwnersError("Invalid pattern", "[ @example-org/pipeline", 1)] },
    /CODEOWNERS is invalid: Invalid pattern on line 3$/m,
  ],
  [
    "/codeowners/errors",
    {
      errors: [
        codeOwnersError("Unknown owner", "/.github/ @example-org/pipeline @mallory\n", 11),
        codeOwnersError("Unknown owner", "/.github/ @example-org/pipeline @mallory\n", 33),
        codeOwnersError("Unknown owner", "/.snyk @example-org/pipeline\n", 8),
      ],
    },
    /CODEOWNERS names @example-org\/pipeline, @mallory, which GitHub ignores/,
  ],
  ["/actions/variables/ENVIRONMENTS", undefined, /the variable ENVIRONMENTS is not set/],
  ["/actions/variables/SETTINGS_PROD", undefined, /the variable SETTINGS_PROD is not set/],
  ["/environments/production", undefined, /there is no environment production/],
  [
    "/environments/dev",
    { protection_rules: [], deployment_branch_policy: null },
    /dev is not limited to named branches/,
  ],
  [
    "/environments/dev/deployment-branch-policies",
    {
      branch_policies: [
        { name: "main", type: "branch" },
        { name: "v*", type: "tag" },
      ],
    },
    /dev must allow the branch main only, but allows: branch main, tag v\*/,
  ],
  [
    "/environments/production",
    {
      protection_rules: [],
      deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
    },
    /production requires no reviewers/,
  ],
  [
    "/environments/production",
    {
      protection_rules: [
        { type: "required_reviewers", prevent_self_review: false, reviewers: [{ type: "User" }] },
      ],
      deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
    },
    /those who start a deployment may approve it themselves/,
  ],
  [
    "/environments/snyk/deployment-branch-policies",
    { branch_policies: [] },
    /snyk must allow the branch main only, but allows: nothing/,
  ],
  [
    "/environments/snyk/deployment-branch-policies",
    { branch_policies: [{ name: "*", type: "branch" }] },
    /snyk must allow the branch main only, but allows: branch \*/,
  ],
  [
    "/environments/snyk",
    { protection_rules: [], deployment_branch_policy: null },
    /snyk is not limited to named branches/,
  ],
  ["/environments/snyk/secrets", { secrets: [] }, /snyk has no secret SNYK_TOKEN/],
  ["/environments/dev/secrets", { secrets: [{ name: "KEY" }] }, /dev has the secrets KEY/],
  ["/actions/secrets", { secrets: [{ name: "SNYK_TOKEN" }] }, /every branch can read SNYK_TOKEN/],
  ["/actions/organization-secrets", { secrets: [{ name: "NPM" }] }, /every branch can read NPM/],
  ["/actions/permissions", { enabled: true, allowed_actions: "all" }, /must be selected, received/],
  ["/actions/permissions", { enabled: true, allowed_actions: "selected" }, /sha_pinning_required/],
  ["/actions/permissions/selected-actions", { verified_allowed: true }, /verified_allowed is on/],
  ["/actions/permissions/selected-actions", { patterns_allowed: ["*"] }, /but allowed: \*$/m],
  ["/actions/permissions/selected-actions", { patterns_allowed: [] }, /not allowed: aws-actions\//],
  [
    "/actions/permissions/workflow",
    { default_workflow_permissions: "write", can_approve_pull_request_reviews: false },
    /must be read, received write/,
  ],
  [
    "/actions/permissions/workflow",
    { default_workflow_permissions: "read", can_approve_pull_request_reviews: true },
    /can_approve_pull_request_reviews is on/,
  ],
  [
    "/actions/permissions/fork-pr-contributor-approval",
    { approval_policy: "first_time_contributors" },
    /must be all_external_contributors, received first_time/,
  ],
  ["/actions/oidc/customization/sub", { use_default: false }, /customizes the subject/],
  [
    "/actions/oidc/customization/sub",
    { use_default: true, use_immutable_subject: false },
    /SETTINGS_DEV must not set CIPHERWATCH_GITHUB_REPOSITORY_IDS/,
  ],
];

test.each(violations)("reports %s = %j, and how to set it", async (path, body, problem) => {
  responses[path] = body;
  const { wrong, text } = await check();
  expect(wrong).toBeGreaterThan(0);
  expect(text).toMatch(problem);
  expect(text.match(/^MISSING {2}\S/gm)).toHaveLength(wrong);
  expect(text.match(/^ {4}fix: \S/gm)).toHaveLength(wrong);
});

test("accepts a private repository that runs nothing for forks, and rejects one that passes secrets", async () => {
  responses[""] = { private: true };
  const path = "/actions/permissions/fork-pr-workflows-private-repos";
  const forks = {
    run_workflows_from_fork_pull_requests: false,
    send_write_tokens_to_workflows: false,
    send_secrets_and_variables: true,
    require_approval_for_fork_pr_workflows: true,
  };
  responses[path] = forks;
  expect((await check()).wrong).toBe(0);
  responses[path] = { ...forks, run_workflows_from_fork_pull_requests: true };
  expect((await check()).text).toMatch(/problem: forks get the secrets/);
});

test("reports what the token may not read", async () => {
  responses["/actions/secrets"] = "forbidden";
  const { wrong, text } = await check();
  expect(wrong).toBe(1);
  expect(text).toMatch(
    /GitHub rejected GET .*\/actions\/secrets: .*administrator of the repository/,
  );
});
