import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitHubApi } from "../../.github/scripts/testing/github-api.ts";
import { settingsOf } from "../../settings/testing.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { resourceOf, statementsOf } from "../../stacks/testing/synthesized.ts";
import type { TerraformJson } from "../../terraform/json.ts";
import { makeAttestations } from "./attestations.ts";
import { makeConcurrencyGroups } from "./concurrency-groups.ts";
import { makeGitRemote } from "./git-remote.ts";
import { pathOf, writePrograms } from "./programs.ts";
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
  const gitRemote = makeGitRemote(join(folder, "git-remote"));
  Object.assign(api.git, {
    tree: gitRemote.tree,
    isAncestor: gitRemote.isAncestor,
    file: gitRemote.read,
  });
  api.collaborators.set("octocat", "write").set("reviewer", "write");
  const aws = join(folder, "aws");
  writeRoles(join(aws, "roles"));
  const bin = writePrograms(join(folder, "bin"), ["aws", "terraform"]);
  const path = pathOf(bin);
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
      PATH: path,
      FAKE_AWS: aws,
      NODE_COMPILE_CACHE: join(folder, "compile-cache"),
    },
    adminEnv: { PATH: path, FAKE_AWS: aws },
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
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    },
  };
}

/** Writes the trust policies that the bootstrap stack creates, as IAM returns them. */
function writeRoles(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const settings = settingsOf({ ACCOUNT_ID: ACCOUNT, GITHUB_REPOSITORY: REPOSITORY });
  const bootstrap = synthesize(settings).get("bootstrap") as TerraformJson;
  for (const role of ["Plan", "Deploy"] as const) {
    const { assume_role_policy: policy } = resourceOf(
      bootstrap,
      "aws_iam_role",
      `Pipeline_${role}_`,
    );
    const Statement = statementsOf(bootstrap, policy).map(
      ({ effect, actions, condition = [] }) => ({
        Effect: effect,
        Action: actions[0],
        Principal: { Federated: `oidc-provider/token.actions.githubusercontent.com` },
        Condition: {
          StringEquals: Object.fromEntries(
            condition.map(({ variable, values }) => [variable, values]),
          ),
        },
      }),
    );
    const name = `cipherwatch-dev-${role.toLowerCase()}`;
    writeFileSync(
      join(folder, `${name}.json`),
      JSON.stringify({
        Role: {
          Arn: `${ROLES}${role.toLowerCase()}`,
          AssumeRolePolicyDocument: { Statement },
        },
      }),
    );
  }
}
