import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunOptions, run } from "../../common/run.ts";
import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { unexcusedRemainders } from "./excused.ts";
import { secretsIn, secretsOf } from "./secrets.ts";
import { startTimes } from "./times.ts";
import {
  makeWorkspace,
  override,
  root,
  type SettingsVariables,
  type Workspace,
} from "./workspace.ts";

/**
 * As a person deploys: the CDKTF CLI over all stacks, with local states; and with the settings that
 * bring in what Terraform alone is not tried with.
 */
const REGION = "ap-southeast-2";

const times = startTimes();
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
    CIPHERWATCH_OK_NOTICES: "true",
    CIPHERWATCH_ALARM_QUEUE: "true",
    CIPHERWATCH_WEBHOOK_URL: "https://hooks.example.com/alarms",
  };
  stacks = [...synthesize(loadSettings(settings)).keys()];
  // A synth leaves these in place.
  for (const stack of stacks) override(join(output, "stacks", stack), workspace.provider);
});

afterAll(async () => {
  await emulator?.stop();
  workspace?.remove();
  console.log(`\nCDKTF CLI\n${times.table()}`);
});

/** Terraform cannot look up a mirror's provider for other platforms. */
const options = () => (workspace.provider.version === undefined ? [] : ["--skip-provider-lock"]);

async function command(
  what: string,
  words: readonly [string, ...string[]],
  accept: NonNullable<RunOptions["accept"]> = [0],
): Promise<string> {
  const env = { ...workspace.env(settings), CDKTF_OUTDIR: output };
  const finished = await times.measure(what, "all stacks", () =>
    run([...words, "--no-color", ...options()], { cwd: root, env, accept }),
  );
  const text = stripVTControlCharacters(finished.output);
  printed.push(text);
  return text;
}

/** A stack's line in the summary of a diff. */
function resultOf(stack: string, text: string): string | undefined {
  return new RegExp(`^${stack} +(?! )(.*)$`, "m").exec(text.slice(text.lastIndexOf("\n\n")))?.[1];
}

test("before anything is there, a diff says which stacks it cannot plan yet, and why", async () => {
  const diff = ["node", "deploy/cdktf.ts", "diff", "kms", "database"] as const;
  const text = await command("diff of two", [...diff], [1]);
  expect(resultOf("kms", text)).toMatch(/^\d+ to add, 0 to change, 0 to destroy$/);
  expect(resultOf("database", text)).toMatch(/^cannot be planned yet: needs outputs of network;/);
  expect(text).not.toMatch(/^\s+at .+:\d+:\d+/m);
});

/** Our own commands, in the order in which docs/deploying.md has them. */
const ours = (what: string, verb: string, ...named: readonly string[]) =>
  command(what, ["node", "deploy/cdktf.ts", verb, "--auto-approve", ...named]);

test("what was deployed in part can be taken away again", async () => {
  await ours("deploy of one", "deploy", "kms");
  const text = await ours("destroy of one", "destroy");
  const others = /^Not deployed, so left out: (.+)\.$/m.exec(text)?.[1]?.split(", ").sort();
  expect(others).toEqual(stacks.filter((stack) => !["bootstrap", "kms"].includes(stack)).sort());
  expect(unexcusedRemainders(await emulator.left())).toEqual([]);
  expect(await ours("destroy of none", "destroy")).toMatch(/left out: .*\bkms\b/);
});

test("all stacks are deployed from nothing, each after those that it reads", async () => {
  await ours("deploy bootstrap", "deploy", "bootstrap");
  await ours("deploy", "deploy");
});

test("by the CLI itself they are deployed again without a change, and say what there is to know", async () => {
  const outputs = join(workspace.folder, "outputs.json");
  const text = await command("deploy again", [
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

test("a diff of each then finds nothing to change", async () => {
  const text = await command("diff", ["node", "deploy/cdktf.ts", "diff", ...stacks]);
  const results = stacks.map((stack) => [stack, resultOf(stack, text)]);
  expect(results).toEqual(stacks.map((stack) => [stack, "no changes"]));
});

test("neither what was printed nor a state holds a secret", async () => {
  const folder = join(workspace.folder, "tfstate/dev");
  const secrets = await secretsOf(emulator);
  const texts = [
    ...printed.map((text) => ["printed", text] as const),
    ...readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")] as const),
  ];
  expect(texts.length).toBeGreaterThan(stacks.length);
  expect(texts.flatMap(([name, text]) => secretsIn(name, text, secrets))).toEqual([]);
});

test("all stacks are destroyed, and nothing is left", async () => {
  expect(unexcusedRemainders(await emulator.left())).not.toEqual([]);
  await ours("destroy", "destroy");
  await ours("destroy bootstrap", "destroy", "bootstrap");
  expect(unexcusedRemainders(await emulator.left())).toEqual([]);
});
