import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitHubApi } from "../../.github/scripts/testing/github-api.ts";
import { startS3 } from "../../.github/scripts/testing/s3.ts";
import { settingsOf } from "../../settings/testing.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { resourceOf, statementsOf } from "../../stacks/testing/synthesized.ts";
import type { TerraformJson } from "../../terraform/json.ts";
import { makeAttestations } from "./attestations.ts";
import type { Role, Roles, Statement } from "./aws-sign-in.ts";
import { makeConcurrencyGroups } from "./concurrency-groups.ts";
import { makeGitRemote } from "./git-remote.ts";
import { pathOf, writePrograms } from "./programs.ts";
import { makeRunners } from "./runners.ts";
import { type GitHubTestbed, TOKEN } from "./testbed.ts";

const ACCOUNT = "123456789012";
const REPOSITORY = "example-org/cipherwatch";
const ROLES = `arn:aws:iam::${ACCOUNT}:role/bootstrap/cipherwatch-dev-`;

/**
 * GitHub, the git remote and the roles of the bootstrap stack, with fakes of AWS and Terraform, to play attacks that
 * are stopped before anything is applied.
 */
export async function makeAttackTestbed(): Promise<GitHubTestbed> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-attacks-"));
  const folders = [folder];
  const api = await startGitHubApi();
  const s3 = await startS3();
  const gitRemote = makeGitRemote(join(folder, "git-remote"));
  Object.assign(api.git, {
    tree: gitRemote.tree,
    isAncestor: gitRemote.isAncestor,
    file: gitRemote.read,
  });
  api.collaborators.set("octocat", "write").set("reviewer", "write");
  const bin = writePrograms(join(folder, "bin"), ["terraform"]);
  const issuedSecrets: string[] = [TOKEN];
  const settings = {
    CIPHERWATCH_ENV: "dev",
    CIPHERWATCH_ACCOUNT_ID: ACCOUNT,
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    CIPHERWATCH_ALLOWED_CIDRS: "203.0.113.0/24",
    CIPHERWATCH_GITHUB_REPOSITORY: REPOSITORY,
    CIPHERWATCH_STATE_BUCKET: "cipherwatch-dev-state",
    DEPLOY_ROLE_ARN: `${ROLES}deploy`,
    PLAN_BUCKET: "cipherwatch-dev-plans",
    PLAN_ROLE_ARN: `${ROLES}plan`,
  };
  return {
    api,
    gitRemote,
    groups: makeConcurrencyGroups(),
    runners: makeRunners(join(folder, "runners")),
    attestations: makeAttestations(join(folder, "attestations.json")),
    artifacts: new Map(),
    accountId: ACCOUNT,
    variables: {
      ENVIRONMENTS: '["dev"]',
      SETTINGS_DEV: Object.entries(settings)
        .map(([name, value]) => `${name}=${value}`)
        .join("\n"),
    },
    secrets: { snyk: { SNYK_TOKEN: TOKEN } },
    environment: {
      HOME: folder,
      PATH: pathOf(bin),
      AWS_ENDPOINT_URL: s3.env.AWS_ENDPOINT_URL ?? "",
      NODE_COMPILE_CACHE: join(folder, "compile-cache"),
    },
    roles: bootstrapRoles(),
    useLocalProvider: () => {},
    issuedSecrets,
    addSecret: (secret) => {
      issuedSecrets.push(secret);
    },
    removeLater: (each) => {
      folders.push(each);
    },
    close: async () => {
      await api.close();
      await s3.close();
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    },
  };
}

/** Returns the roles that the bootstrap stack creates. */
function bootstrapRoles(): Roles {
  const settings = settingsOf({ ACCOUNT_ID: ACCOUNT, GITHUB_REPOSITORY: REPOSITORY });
  const bootstrap = synthesize(settings).get("bootstrap") as TerraformJson;
  const roles = new Map<string, Role>();
  for (const role of ["Plan", "Deploy"] as const) {
    const { assume_role_policy: policy } = resourceOf(
      bootstrap,
      "aws_iam_role",
      `Pipeline_${role}_`,
    );
    const Statement = statementsOf(bootstrap, policy).map(
      ({ effect, actions, condition = [] }): Statement => ({
        Effect: effect,
        Action: actions[0] ?? "",
        Principal: { Federated: "oidc-provider/token.actions.githubusercontent.com" },
        Condition: {
          StringEquals: Object.fromEntries(
            condition.map(({ variable, values }) => [variable, values]),
          ),
        },
      }),
    );
    const name = `cipherwatch-dev-${role.toLowerCase()}`;
    roles.set(name, { arn: `${ROLES}${role.toLowerCase()}`, trustPolicy: { Statement } });
  }
  return {
    get: async (name) => {
      const role = roles.get(name);
      if (role === undefined) throw new Error(`There is no role ${name}.`);
      return role;
    },
    assume: async () => ({
      AccessKeyId: "ASIAEXAMPLE",
      SecretAccessKey: randomUUID(),
      SessionToken: randomUUID(),
    }),
  };
}
