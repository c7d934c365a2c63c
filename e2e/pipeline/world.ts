import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type GitHubApi, startGitHubApi } from "../../.github/scripts/testing/github-api.ts";
import { SNYK_STAND_IN } from "../../.github/scripts/testing/snyk.ts";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { type SpawnedLab, spawnLab } from "../../lab/testing/spawn-lab.ts";
import { inDependencyOrder } from "../terraform/dependency-order.ts";
import { type Emulator, startEmulator } from "../terraform/emulator.ts";
import { terraform } from "../terraform/terraform.ts";
import {
  makeWorkspace,
  type SettingsVariables,
  type Workspace,
  writeOverride,
} from "../terraform/workspace.ts";
import { makeOrigin, type Origin } from "./origin.ts";
import { type LoadBalancerName, startProxy } from "./proxy.ts";

/** All that the workflows meet outside of themselves, on this machine. */
export interface World {
  readonly api: GitHubApi;
  readonly emulator: Emulator;
  readonly origin: Origin;
  readonly proxy: LoadBalancerName;
  readonly accountId: string;
  /** Of the repository. */
  readonly variables: Record<string, string>;
  /** By environment. */
  readonly secrets: Readonly<Record<string, Record<string, string>>>;
  /** Of every step, without any credentials. */
  readonly environment: Record<string, string>;
  /** Whoever set AWS up, with credentials. */
  readonly administrator: NodeJS.ProcessEnv;
  /** Puts into a checkout what makes Terraform take the provider that is on this machine. */
  readonly prepare: (workspace: string) => void;
  /** Secrets that were handed out. */
  readonly handedOut: readonly string[];
  readonly remember: (secret: string) => void;
  readonly atEnd: (folder: string) => void;
  readonly close: () => Promise<void>;
}

const REGION = "ap-southeast-2";
const ACCOUNT = "123456789012"; // the emulator's
export const TOKEN = "snyk-token-7d1e";

const SETTINGS: SettingsVariables = {
  CIPHERWATCH_ENV: "dev",
  CIPHERWATCH_ACCOUNT_ID: ACCOUNT,
  CIPHERWATCH_ALERT_EMAIL: "security@example.com",
  CIPHERWATCH_ALLOWED_CIDRS: "203.0.113.0/24",
  CIPHERWATCH_GITHUB_REPOSITORY: "example-org/cipherwatch",
};

/** The way from zero in docs/pipeline.md, up to the first run of a workflow. */
export async function makeWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-pipeline-"));
  const folders = [folder];
  const emulator = await startEmulator(REGION);
  const workspace = makeWorkspace(emulator);
  const [api, lab, { outputs, stacks }] = await Promise.all([
    startGitHubApi(),
    spawnLab(join(folder, "lab")),
    setUpAws(workspace),
  ]);
  const proxy = await startProxy(lab.service);
  const bin = writePrograms(join(folder, "bin"));
  const handedOut: string[] = [TOKEN];
  const variables = {
    ENVIRONMENTS: '["dev"]',
    SETTINGS_DEV: Object.entries({ ...SETTINGS, ...outputs })
      .map(([name, value]) => `${name}=${value}`)
      .join("\n"),
  };
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...aws } = emulator.env;
  return {
    api,
    emulator,
    origin: makeOrigin(join(folder, "origin")),
    proxy,
    accountId: ACCOUNT,
    variables,
    secrets: { snyk: { SNYK_TOKEN: TOKEN } },
    environment: {
      ...aws,
      ...workspace.provider.env,
      HOME: folder,
      PATH: [
        bin,
        ...(process.env.PATH ?? "")
          .split(delimiter)
          .filter((path) => !path.includes("node_modules")),
      ].join(delimiter),
      CHECKPOINT_DISABLE: "1",
      SNYK_STAND_IN_PATH: join(bin, "snyk"),
      NODE_USE_ENV_PROXY: "1",
      HTTP_PROXY: proxy.url,
      NO_PROXY: "127.0.0.1,localhost",
    },
    administrator: { ...process.env, ...emulator.env, AWS_CA_BUNDLE: "" },
    prepare: (checkout) => {
      for (const stack of stacks)
        writeOverride(join(checkout, "cdktf.out/stacks", stack), workspace.provider);
    },
    handedOut,
    remember: (secret) => {
      handedOut.push(secret);
    },
    atEnd: (each) => {
      folders.push(each);
    },
    close: async () => {
      await proxy.close();
      await api.close();
      await stopLab(lab);
      await emulator.stop();
      workspace.remove();
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    },
  };
}

/** With it the stacks put out what the service reads; the service itself waits for its image. */
const NO_IMAGE_YET: SettingsVariables = { CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST };

/** What a person does before the pipeline can: bootstrap, and everything but the service, once. */
async function setUpAws(workspace: Workspace): Promise<{
  readonly outputs: Readonly<Record<string, string>>;
  readonly stacks: readonly string[];
}> {
  const first = await workspace.synth("bootstrap", SETTINGS);
  const bootstrap = terraform(first, "bootstrap");
  await bootstrap.init();
  await bootstrap.plan();
  await bootstrap.apply();
  const made = await bootstrap.outputs();
  const outputs = {
    CIPHERWATCH_STATE_BUCKET: String(made.StateBucketName),
    DEPLOY_ROLE_ARN: String(made.DeployRoleArn),
    PLAN_BUCKET: String(made.PlanBucketName),
    PLAN_ROLE_ARN: String(made.PlanRoleArn),
  };
  const { CIPHERWATCH_STATE_BUCKET } = outputs;
  const all = await workspace.synth("all", {
    ...SETTINGS,
    ...NO_IMAGE_YET,
    CIPHERWATCH_STATE_BUCKET,
  });
  const others = [...all.dependencies.keys()].filter(
    (stack) => !["bootstrap", "service"].includes(stack),
  );
  for (const stack of others) await terraform(all, stack).init();
  const dependencies = new Map(others.map((stack) => [stack, all.dependencies.get(stack) ?? []]));
  const applied = inDependencyOrder(dependencies, 4, async (stack) => {
    await terraform(all, stack).plan();
    await terraform(all, stack).apply();
  });
  await Promise.all(applied.values());
  return { outputs, stacks: [...all.dependencies.keys()] };
}

async function stopLab(lab: SpawnedLab): Promise<void> {
  await lab.kill("SIGINT");
}

/** Programs that stand in the place of others: each runs its TypeScript with this Node. */
function writePrograms(bin: string): string {
  mkdirSync(bin, { recursive: true });
  const node = process.execPath;
  for (const name of ["docker", "npm", "skopeo"]) {
    const script = join(import.meta.dirname, "stand-ins", `${name}.ts`);
    writeFileSync(join(bin, name), `#!/bin/sh\nexec "${node}" "${script}" "$@"\n`, { mode: 0o755 });
  }
  const snyk = join(bin, "snyk.cjs");
  writeFileSync(snyk, SNYK_STAND_IN);
  writeFileSync(join(bin, "snyk"), `#!/bin/sh\nexec "${node}" "${snyk}" "$@"\n`, { mode: 0o755 });
  return bin;
}
