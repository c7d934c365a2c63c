import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type GitHubApi, startGitHubApi } from "../../.github/scripts/testing/github-api.ts";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { run } from "../../common/run.ts";
import { spawnLab } from "../../lab/testing/spawn-lab.ts";
import { inDependencyOrder } from "../terraform/dependency-order.ts";
import { type Emulator, startEmulator } from "../terraform/emulator.ts";
import { terraform } from "../terraform/terraform.ts";
import {
  makeWorkspace,
  type SettingsVariables,
  type SynthOutput,
  TERRAFORM_ENV,
  type Workspace,
  writeOverride,
} from "../terraform/workspace.ts";
import { type Attestations, makeAttestations } from "./attestations.ts";
import { emulatedRoles, type Roles } from "./aws-sign-in.ts";
import { type ConcurrencyGroups, makeConcurrencyGroups } from "./concurrency-groups.ts";
import { CLONES, type GitRemote, makeGitRemote, openGitRemote } from "./git-remote.ts";
import { pathOf, writePrograms } from "./programs.ts";
import { type LoadBalancerProxy, startProxy } from "./proxy.ts";
import { makeRunners, type Runners } from "./runners.ts";
import { type SchemaProvider, startSchemaProvider } from "./schema-provider.ts";

/** Everything outside of the workflows, on this machine: AWS, GitHub, the git remote and the tools. */
export interface Testbed extends GitHubTestbed {
  readonly emulator: Emulator;
  /** Environment with the credentials of an AWS administrator. */
  readonly adminEnv: NodeJS.ProcessEnv;
  readonly proxy: LoadBalancerProxy;
  /**
   * Copies the testbed with AWS, GitHub and the git remote as they are now. Original and copy then change
   * independently. Nothing may run in the original meanwhile; close the copy before it.
   */
  readonly fork: () => Promise<Testbed>;
}

/** What a workflow needs to run, whether AWS and Terraform are real, emulated or fakes. */
export interface GitHubTestbed {
  readonly api: GitHubApi;
  readonly groups: ConcurrencyGroups;
  readonly runners: Runners;
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
  /** Roles that jobs may assume. */
  readonly roles: Roles;
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
  const emulator = await startEmulator(REGION);
  const workspace = makeWorkspace(emulator);
  const labFolder = mkdtempSync(join(tmpdir(), "cipherwatch-pipeline-lab-"));
  const [lab, { outputs, stacks, provider }] = await Promise.all([
    spawnLab(labFolder),
    setUpAws(workspace, emulator),
  ]);
  return await assemble({
    folder: makeFolder(),
    emulator,
    service: lab.service,
    outputs,
    providerEnv: workspace.provider.env,
    reattach: provider.reattach,
    useLocalProvider: (checkout) => {
      for (const stack of stacks)
        writeOverride(join(checkout, "cdktf.out/stacks", stack), workspace.provider);
    },
    stop: async () => {
      await lab.kill("SIGINT");
      provider.stop();
      workspace.remove();
      rmSync(labFolder, { recursive: true, force: true });
      await emulator.stop();
    },
  });
}

/** Sets up everything but AWS and the service: for jobs that use no Terraform. Ready within seconds. */
export async function makeTestbedWithoutStacks(): Promise<Testbed> {
  const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/bootstrap/cipherwatch-dev-${name}`;
  const emulator = await startEmulator(REGION);
  return await assemble({
    folder: makeFolder(),
    emulator,
    service: "http://127.0.0.1:9",
    outputs: {
      CIPHERWATCH_STATE_BUCKET: "states",
      DEPLOY_ROLE_ARN: role("deploy"),
      PLAN_BUCKET: "plans",
      PLAN_ROLE_ARN: role("plan"),
    },
    providerEnv: {},
    useLocalProvider: () => {},
    stop: emulator.stop,
  });
}

function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), "cipherwatch-pipeline-"));
}

interface Parts {
  /** Holds the git remote, images, attestations and programs; kept if it is a copy of another testbed's. */
  readonly folder: string;
  readonly emulator: Emulator;
  /** URL of the service behind the load balancer. */
  readonly service: string;
  /** Settings that bootstrap prints. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly providerEnv: Readonly<Record<string, string>>;
  /** Value of TF_REATTACH_PROVIDERS for commands that only need the provider's schemas. */
  readonly reattach?: string;
  readonly useLocalProvider: (workspace: string) => void;
  readonly stop: () => Promise<void>;
}

/** Folders that a copy of a testbed starts without: the first two are shared. */
const NOT_COPIED = ["compile-cache", "runners", CLONES];

/** @param from the testbed that this one is a copy of */
async function assemble(parts: Parts, from?: Testbed): Promise<Testbed> {
  const { folder, emulator, service, outputs, providerEnv, reattach = "", stop } = parts;
  const folders = [folder];
  const bin = writePrograms(join(folder, "bin"), [], reattach);
  const images = join(folder, "images");
  mkdirSync(images, { recursive: true });
  const attestations = makeAttestations(join(folder, "attestations.json"));
  const remote = join(folder, "git-remote");
  const gitRemote = from === undefined ? makeGitRemote(remote) : openGitRemote(remote);
  const proxy = await startProxy(service);
  const api = await startGitHubApi(from?.api);
  Object.assign(api.git, {
    tree: gitRemote.tree,
    isAncestor: gitRemote.isAncestor,
    file: gitRemote.read,
  });
  api.collaborators.set("octocat", "write").set("reviewer", "write");
  const issuedSecrets = [TOKEN];
  const variables = {
    ENVIRONMENTS: '["dev"]',
    SETTINGS_DEV: Object.entries({ ...SETTINGS, ...outputs })
      .map(([name, value]) => `${name}=${value}`)
      .join("\n"),
  };
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...aws } = emulator.env;
  const testbed: Testbed = {
    api,
    emulator,
    gitRemote,
    proxy,
    groups: makeConcurrencyGroups(),
    runners: from?.runners ?? makeRunners(join(folder, "runners")),
    accountId: ACCOUNT,
    artifacts: new Map(from?.artifacts),
    variables: { ...variables, ...from?.variables },
    secrets: structuredClone(from?.secrets ?? { snyk: { SNYK_TOKEN: TOKEN } }),
    environment: {
      ...aws,
      ...providerEnv,
      ...TERRAFORM_ENV,
      HOME: folder,
      PATH: pathOf(bin),
      FAKE_ATTESTATIONS: attestations.file,
      FAKE_IMAGES: images,
      NODE_COMPILE_CACHE: from?.environment.NODE_COMPILE_CACHE ?? join(folder, "compile-cache"),
      NODE_USE_ENV_PROXY: "1",
      HTTP_PROXY: proxy.url,
      NO_PROXY: "127.0.0.1,localhost",
    },
    roles: emulatedRoles(emulator.url),
    adminEnv: { ...process.env, ...emulator.env, AWS_CA_BUNDLE: "" },
    useLocalProvider: parts.useLocalProvider,
    // A secret of a copy must not be in the output of the original either.
    issuedSecrets: from?.issuedSecrets ?? issuedSecrets,
    addSecret:
      from?.addSecret ??
      ((secret) => {
        issuedSecrets.push(secret);
      }),
    attestations,
    removeLater: (each) => {
      folders.push(each);
    },
    fork: async () => {
      const copy = makeFolder();
      cpSync(folder, copy, {
        recursive: true,
        verbatimSymlinks: true,
        filter: (source) => !NOT_COPIED.includes(basename(source)),
      });
      const forked = await emulator.fork();
      return await assemble(
        { ...parts, folder: copy, emulator: forked, stop: forked.stop },
        testbed,
      );
    },
    close: async () => {
      await proxy.close();
      await api.close();
      await stop();
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    },
  };
  return testbed;
}

/** Makes the other stacks export what the service stack reads, before there is an image. */
const NO_IMAGE_YET: SettingsVariables = { CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST };

const STATE_BUCKET = `cipherwatch-dev-state-${ACCOUNT}-${REGION}`;

/**
 * Deploys bootstrap and every stack except the service, as a person does before the first run. Does not wait until
 * the provider has verified the buckets of bootstrap, which takes it a minute, before it deploys the others.
 */
async function setUpAws(
  workspace: Workspace,
  emulator: Emulator,
): Promise<{
  readonly outputs: Readonly<Record<string, string>>;
  readonly stacks: readonly string[];
  readonly provider: SchemaProvider;
}> {
  const first = await workspace.synth("bootstrap", SETTINGS);
  const bootstrap = terraform(first, "bootstrap");
  await bootstrap.init();
  const bootstrapped = applyWithoutReview(first, "bootstrap");
  await Promise.race([bootstrapped, emulator.bucketCreated(STATE_BUCKET)]);
  const all = await workspace.synth("all", {
    ...SETTINGS,
    ...NO_IMAGE_YET,
    CIPHERWATCH_STATE_BUCKET: STATE_BUCKET,
  });
  const others = [...all.dependencies.keys()].filter(
    (stack) => !["bootstrap", "service"].includes(stack),
  );
  for (const stack of others) await terraform(all, stack).init();
  const dependencies = new Map(others.map((stack) => [stack, all.dependencies.get(stack) ?? []]));
  // The provider waits a minute for the queue, which needs no other stack: not after the database, but with it.
  const queue = applyWithoutReview(all, "alarm", targets(all, "alarm", "aws_sqs_queue_policy"));
  const applied = inDependencyOrder(dependencies, 4, async (stack) => {
    if (stack === "alarm") await queue;
    await applyWithoutReview(all, stack);
  });
  const provider = await startSchemaProvider(first.stackFolder("bootstrap"));
  await Promise.all([bootstrapped, queue, ...applied.values()]);
  const made = await bootstrap.outputs();
  const outputs = {
    CIPHERWATCH_STATE_BUCKET: String(made.StateBucketName),
    DEPLOY_ROLE_ARN: String(made.DeployRoleArn),
    PLAN_BUCKET: String(made.PlanBucketName),
    PLAN_ROLE_ARN: String(made.PlanRoleArn),
  };
  if (outputs.CIPHERWATCH_STATE_BUCKET !== STATE_BUCKET)
    throw new Error(
      `The states are in ${STATE_BUCKET}, but bootstrap created ${outputs.CIPHERWATCH_STATE_BUCKET}.`,
    );
  return { outputs, stacks: [...all.dependencies.keys()], provider };
}

async function applyWithoutReview(
  { env, stackFolder }: SynthOutput,
  stack: string,
  options: readonly string[] = [],
): Promise<void> {
  await run(["terraform", "apply", "-no-color", "-auto-approve", ...options], {
    cwd: stackFolder(stack),
    env,
  });
}

/** @returns options that limit Terraform to the resources of a type, and what they depend on */
function targets({ configuration }: SynthOutput, stack: string, type: string): readonly string[] {
  const { resource } = JSON.parse(configuration(stack)) as {
    readonly resource: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  return Object.keys(resource[type] ?? {}).map((name) => `-target=${type}.${name}`);
}
