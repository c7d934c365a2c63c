import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunOptions, run } from "../../common/run.ts";
import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { unexpectedRemainders } from "./remainders.ts";
import { collectSecrets, findSecrets } from "./secrets.ts";
import { startTimings } from "./timings.ts";
import {
  makeWorkspace,
  root,
  type SettingsVariables,
  type Workspace,
  writeOverride,
} from "./workspace.ts";

/**
 * Deploys as a developer does, with the CDKTF CLI and local states. Enables the optional settings that
 * `apply.e2e.ts` does not use.
 */
const REGION = "ap-southeast-2";

/** The public key of an issuer. */
const signingKey = () => ({
  ...generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }),
  kid: "1",
  alg: "ES256",
});

const timings = startTimings();
let emulator: Emulator;
let workspace: Workspace;
let output: string;
let settings: SettingsVariables;
let stacks: readonly string[];
const printed: string[] = [];

beforeAll(async () => {
  emulator = await startEmulator(REGION);
  workspace = makeWorkspace(emulator);
  output = join(workspace.folder, "out");
  settings = {
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    CIPHERWATCH_ALLOWED_CIDRS: "203.0.113.0/24",
    CIPHERWATCH_IMAGE_DIGEST: `sha256:${"1".repeat(64)}`,
    CIPHERWATCH_DOMAIN_NAME: "vault.example.com",
    CIPHERWATCH_HOSTED_ZONE_ID: await emulator.makeHostedZone("example.com"),
    CIPHERWATCH_VPC_ENDPOINTS: "true",
    CIPHERWATCH_EXECUTE_COMMAND: "true",
    CIPHERWATCH_CIS_PACK: "true",
    CIPHERWATCH_NOTIFY_ON_OK: "true",
    CIPHERWATCH_ALARM_QUEUE: "true",
    CIPHERWATCH_WEBHOOK_URL: "https://hooks.example.com/alarms",
    CIPHERWATCH_KEY_GENERATIONS: "1,2",
    CIPHERWATCH_CURRENT_KEY_GENERATION: "2",
    CIPHERWATCH_DECRYPT_WITHOUT_TRAIL: "refuse-unknown",
    CIPHERWATCH_ERASURE_LEDGER: "true",
    CIPHERWATCH_OIDC_ISSUER: "https://login.example.com/",
    CIPHERWATCH_OIDC_AUDIENCE: "cipherwatch",
    CIPHERWATCH_OIDC_JWKS: JSON.stringify({ keys: [signingKey()] }),
  };
  stacks = [...synthesize(loadSettings(settings)).keys()];
  // A synth keeps these files.
  for (const stack of stacks) writeOverride(join(output, "stacks", stack), workspace.provider);
});

afterAll(async () => {
  await emulator?.stop();
  workspace?.remove();
  console.log(`\nCDKTF CLI\n${timings.table()}`);
});

/** With a mirror, Terraform cannot lock provider checksums for other platforms. */
const options = () => (workspace.provider.version === undefined ? [] : ["--skip-provider-lock"]);

async function runCommand(
  label: string,
  command: readonly [string, ...string[]],
  accept: NonNullable<RunOptions["accept"]> = [0],
): Promise<string> {
  const env = { ...workspace.env(settings), CDKTF_OUTDIR: output };
  const result = await timings.measure(label, "all stacks", () =>
    run([...command, "--no-color", ...options()], { cwd: root, env, accept }),
  );
  const text = stripVTControlCharacters(result.output);
  printed.push(text);
  return text;
}

/** Returns the result of a stack in the summary of a diff. */
function diffResult(stack: string, text: string): string | undefined {
  return new RegExp(`^${stack} +(?! )(.*)$`, "m").exec(text.slice(text.lastIndexOf("\n\n")))?.[1];
}

test("reports which stacks cannot be planned yet, and why, before the first deployment", async () => {
  const diff = ["node", "deploy/cdktf.ts", "diff", "registry", "database"] as const;
  const text = await runCommand("diff of two", [...diff], [1]);
  expect(diffResult("registry", text)).toMatch(/^\d+ to add, 0 to change, 0 to destroy$/);
  expect(diffResult("database", text)).toMatch(/^cannot be planned yet: needs outputs of network;/);
  expect(text).not.toMatch(/^\s+at .+:\d+:\d+/m);
});

/** Runs our deploy command, in the order that docs/deploying.md describes. */
const runDeploy = (label: string, verb: string, ...selectedStacks: readonly string[]) =>
  runCommand(label, ["node", "deploy/cdktf.ts", verb, "--auto-approve", ...selectedStacks]);

test("destroys a partial deployment", async () => {
  await runDeploy("deploy of one", "deploy", "registry");
  const text = await runDeploy("destroy of one", "destroy");
  const skipped = /^Not deployed, so left out: (.+)\.$/m.exec(text)?.[1]?.split(", ").sort();
  expect(skipped).toEqual(
    stacks.filter((stack) => !["bootstrap", "registry"].includes(stack)).sort(),
  );
  expect(unexpectedRemainders(await emulator.remainingResources())).toEqual([]);
  expect(await runDeploy("destroy of none", "destroy")).toMatch(/left out: .*\bregistry\b/);
});

test("deploys all stacks in the order of their dependencies", async () => {
  await runDeploy("deploy bootstrap", "deploy", "bootstrap");
  await runDeploy("deploy", "deploy");
});

test("deploys again with the CDKTF CLI, without changes, and prints the outputs", async () => {
  const outputs = join(workspace.folder, "outputs.json");
  const text = await runCommand("deploy again", [
    "cdktf",
    "deploy",
    "*",
    "--auto-approve",
    `--output=${output}`,
    `--outputs-file=${outputs}`,
  ]);
  expect(text.match(/No changes\./g)).toHaveLength(stacks.length);
  expect(JSON.parse(readFileSync(outputs, "utf8"))).toMatchObject({
    bootstrap: { StateBucketName: expect.stringMatching(/^cipherwatch-dev-state-/) },
    kms: { KeyArn: expect.stringMatching(/^arn:aws:kms:/) },
    registry: { RepositoryUrl: expect.stringMatching(/cipherwatch-dev-service$/) },
    service: {
      Endpoint: "https://vault.example.com",
      TaskRoleArn: expect.stringMatching(/role\/cipherwatch-dev-service$/),
    },
    trail: {
      TrailArn: expect.stringMatching(/trail\/cipherwatch-dev-trail$/),
      LogGroupName: "/cipherwatch/dev/trail",
    },
  });
});

test("finds no changes in a diff of each stack", async () => {
  const text = await runCommand("diff", ["node", "deploy/cdktf.ts", "diff", ...stacks]);
  const results = stacks.map((stack) => [stack, diffResult(stack, text)]);
  expect(results).toEqual(stacks.map((stack) => [stack, "no changes"]));
});

test("contains no secret in output or states", async () => {
  const folder = join(workspace.folder, "tfstate/dev");
  const secrets = await collectSecrets(emulator);
  const texts = [
    ...printed.map((text) => ["printed", text] as const),
    ...readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")] as const),
  ];
  expect(texts.length).toBeGreaterThan(stacks.length);
  expect(texts.flatMap(([name, text]) => findSecrets(name, text, secrets))).toEqual([]);
});

test("destroys all stacks without leaving resources behind", async () => {
  expect(unexpectedRemainders(await emulator.remainingResources())).not.toEqual([]);
  await runDeploy("destroy", "destroy");
  await runDeploy("destroy bootstrap", "destroy", "bootstrap");
  expect(unexpectedRemainders(await emulator.remainingResources())).toEqual([]);
});
