import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type GitHubApi, startGitHubApi } from "../../.github/scripts/testing/github-api.ts";
import { FAKE_SNYK } from "../../.github/scripts/testing/snyk.ts";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { run } from "../../common/run.ts";
import { type SpawnedLab, spawnLab } from "../../lab/testing/spawn-lab.ts";
import { inDependencyOrder } from "../terraform/dependency-order.ts";
import { type Emulator, startEmulator } from "../terraform/emulator.ts";
import { terraform } from "../terraform/terraform.ts";
import {
  makeWorkspace,
  type SettingsVariables,
  type SynthOutput,
  type Workspace,
  writeOverride,
} from "../terraform/workspace.ts";
import { type Attestations, makeAttestations } from "./attestations.ts";
import { type ConcurrencyGroups, makeConcurrencyGroups } from "./concurrency-groups.ts";
import { type GitRemote, makeGitRemote } from "./git-remote.ts";
import { type LoadBalancerProxy, startProxy } from "./proxy.ts";
import { type SchemaProvider, startSchemaProvider } from "./schema-provider.ts";

/** Everything outside of the workflows, on this machine: AWS, GitHub, the git remote and the tools. */
export interface Testbed extends GitHubTestbed {
  readonly emulator: Emulator;
  readonly proxy: LoadBalancerProxy;
}

/** What a workflow needs to run, whether AWS and Terraform are real, emulated or fakes. */
export interface GitHubTestbed {
  readonly api: GitHubApi;
  readonly groups: ConcurrencyGroups;
  readonly gitRemote: GitRemote;
  readonly accountId: string;
  /** Folder with the artifacts of each run, by its ID. */
  readonly artifacts: Map<number, string>;
  /** Variables of the repository. */
  readonly variables: Record<string, string>;
  /** Secrets by GitHub environment. */
  readonly secrets: Readonly<Record<string, Record<string, string>>>;
  /** Environment of every step, without credentials. */
  readonly environment: Record<string, string>;
  /** Environment with the credentials of an AWS administrator. */
  readonly adminEnv: NodeJS.ProcessEnv;
  /** Makes Terraform in a checkout use the provider that is installed on this machine. */
  readonly useLocalProvider: (workspace: string) => void;
  /** Every secret that a job received. No output may contain one. */
  readonly issuedSecrets: readonly string[];
  readonly addSecret: (secret: string) => void;
  /** Attestations that GitHub holds. */
  readonly attestations: Attestations;
  /** Set to change something between two steps of a job. */
  beforeStep?: ((job: string, step: string) => Promise<void>) | undefined;
  /** Removes a folder when the testbed closes. */
  readonly removeLater: (folder: string) => void;
  readonly close: () => Promise<void>;
}

const REGION = "ap-southeast-2";
const ACCOUNT = "123456789012"; // the emulator's account
export const TOKEN = "snyk-token-7d1e";

const SETTINGS: SettingsVariables = {
  CIPHERWATCH_ENV: "dev",
  CIPHERWATCH_ACCOUNT_ID: ACCOUNT,
  CIPHERWATCH_ALERT_EMAIL: "security@example.com",
  CIPHERWATCH_ALLOWED_CIDRS: "203.0.113.0/24",
  CIPHERWATCH_GITHUB_REPOSITORY: "example-org/cipherwatch",
};

/** Sets everything up as docs/pipeline.md describes, up to the first run of a workflow. */
export async function makeTestbed(): Promise<Testbed> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-pipeline-"));
  const emulator = await startEmulator(REGION);
  const workspace = makeWorkspace(emulator);
  const [api, lab, { outputs, stacks, provider }] = await Promise.all([
    startGitHubApi(),
    spawnLab(join(folder, "lab")),
    setUpAws(workspace),
  ]);
  const testbed = assemble({
    folder,
    emulator,
    api,
    proxy: await startProxy(lab.service),
    outputs,
    providerEnv: workspace.provider.env,
    reattach: provider.reattach,
  });
  return {
    ...testbed,
    useLocalProvider: (checkout) => {
      for (const stack of stacks)
        writeOverride(join(checkout, "cdktf.out/stacks", stack), workspace.provider);
    },
    close: async () => {
      await stopLab(lab);
      provider.stop();
      workspace.remove();
      await testbed.close();
    },
  };
}

/** Sets up everything but AWS and the service: for jobs that use no Terraform. Ready within seconds. */
export async function makeTestbedWithoutStacks(): Promise<Testbed> {
  const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/bootstrap/cipherwatch-dev-${name}`;
  return assemble({
    folder: mkdtempSync(join(tmpdir(), "cipherwatch-pipeline-")),
    emulator: await startEmulator(REGION),
    api: await startGitHubApi(),
    proxy: await startProxy("http://127.0.0.1:9"),
    outputs: {
      CIPHERWATCH_STATE_BUCKET: "states",
      DEPLOY_ROLE_ARN: role("deploy"),
      PLAN_BUCKET: "plans",
      PLAN_ROLE_ARN: role("plan"),
    },
    providerEnv: {},
  });
}

interface Parts {
  readonly folder: string;
  readonly emulator: Emulator;
  readonly api: GitHubApi;
  readonly proxy: LoadBalancerProxy;
  /** Settings that bootstrap prints. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly providerEnv: Readonly<Record<string, string>>;
  /** Value of TF_REATTACH_PROVIDERS for commands that only need the provider's schemas. */
  readonly reattach?: string;
}

function assemble({
  folder,
  emulator,
  api,
  proxy,
  outputs,
  providerEnv,
  reattach = "",
}: Parts): Testbed {
  const folders = [folder];
  const bin = writePrograms(join(folder, "bin"), [], reattach);
  const images = join(folder, "images");
  mkdirSync(images);
  const attestations = makeAttestations(join(folder, "attestations.json"));
  const gitRemote = makeGitRemote(join(folder, "git-remote"));
  Object.assign(api.git, {
    tree: gitRemote.tree,
    isAncestor: gitRemote.isAncestor,
    file: gitRemote.read,
  });
  api.collaborators.set("octocat", "write").set("reviewer", "write");
  const issuedSecrets: string[] = [TOKEN];
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
    gitRemote,
    proxy,
    groups: makeConcurrencyGroups(),
    accountId: ACCOUNT,
    artifacts: new Map(),
    variables,
    secrets: { snyk: { SNYK_TOKEN: TOKEN } },
    environment: {
      ...aws,
      ...providerEnv,
      HOME: folder,
      PATH: [
        bin,
        ...(process.env.PATH ?? "")
          .split(delimiter)
          .filter((path) => !path.includes("node_modules")),
      ].join(delimiter),
      CHECKPOINT_DISABLE: "1",
      FAKE_ATTESTATIONS: attestations.file,
      FAKE_IMAGES: images,
      FAKE_SNYK_PATH: join(bin, "snyk"),
      NODE_USE_ENV_PROXY: "1",
      HTTP_PROXY: proxy.url,
      NO_PROXY: "127.0.0.1,localhost",
    },
    adminEnv: { ...process.env, ...emulator.env, AWS_CA_BUNDLE: "" },
    useLocalProvider: () => {},
    issuedSecrets,
    addSecret: (secret) => {
      issuedSecrets.push(secret);
    },
    attestations,
    removeLater: (each) => {
      folders.push(each);
    },
    close: async () => {
      await proxy.close();
      await api.close();
      await emulator.stop();
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    },
  };
}

/** Makes the other stacks export what the service stack reads, before there is an image. */
const NO_IMAGE_YET: SettingsVariables = { CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST };

/** Deploys bootstrap and every stack except the service, as a person does before the first run. */
async function setUpAws(workspace: Workspace): Promise<{
  readonly outputs: Readonly<Record<string, string>>;
  readonly stacks: readonly string[];
  readonly provider: SchemaProvider;
}> {
  const first = await workspace.synth("bootstrap", SETTINGS);
  const bootstrap = terraform(first, "bootstrap");
  await bootstrap.init();
  await applyWithoutReview(first, "bootstrap");
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
    await applyWithoutReview(all, stack);
  });
  const provider = await startSchemaProvider(first.stackFolder("bootstrap"));
  await Promise.all(applied.values());
  return { outputs, stacks: [...all.dependencies.keys()], provider };
}

async function applyWithoutReview({ env, stackFolder }: SynthOutput, stack: string): Promise<void> {
  await run(["terraform", "apply", "-no-color", "-auto-approve"], { cwd: stackFolder(stack), env });
}

async function stopLab(lab: SpawnedLab): Promise<void> {
  await lab.kill("SIGINT");
}

/** Writes the fake programs into a folder for PATH: each runs its script with this Node. */
export function writePrograms(
  bin: string,
  more: readonly string[] = [],
  reattach?: string,
): string {
  mkdirSync(bin, { recursive: true });
  const node = process.execPath;
  for (const name of ["docker", "gh", "npm", "skopeo", ...more]) {
    const script = join(import.meta.dirname, "fakes", `${name}.ts`);
    writeFileSync(join(bin, name), `#!/bin/sh\nexec "${node}" "${script}" "$@"\n`, { mode: 0o755 });
  }
  writeFileSync(join(bin, "pip"), '#!/bin/sh\necho "fake pip $*"\n', { mode: 0o755 });
  const snyk = join(bin, "snyk.cjs");
  writeFileSync(snyk, FAKE_SNYK);
  writeFileSync(join(bin, "snyk"), `#!/bin/sh\nexec "${node}" "${snyk}" "$@"\n`, { mode: 0o755 });
  if (reattach === undefined) return bin;
  // The real Terraform, which finds a running provider when it only needs the schemas.
  const terraform = execFileSync("which", ["terraform"], { encoding: "utf8" }).trim();
  writeFileSync(
    join(bin, "terraform"),
    `#!/bin/sh\n[ "$1" != show ] || export TF_REATTACH_PROVIDERS='${reattach}'\nexec "${terraform}" "$@"\n`,
    { mode: 0o755 },
  );
  return bin;
}
