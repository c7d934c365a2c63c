import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../common/run.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { unexpectedRemainders } from "./remainders.ts";
import { makeWorkspace, root, type Workspace, writeOverride } from "./workspace.ts";

/**
 * Monitors a key of the account without the service, with the commands of docs/monitoring-keys.md. The trail and
 * the topics have no KMS keys of their own.
 */
const REGION = "ap-southeast-2";
const ACCOUNT = "123456789012"; // of the emulator
const KEY_ID = "7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815";
const ROLE = `arn:aws:iam::${ACCOUNT}:role/payments-api`;
const STACKS = ["watch-trail", "watch-alarm"];

let emulator: Emulator;
let workspace: Workspace;
let output: string;
let keysFile: string;

beforeAll(async () => {
  emulator = await startEmulator(REGION);
  workspace = makeWorkspace(emulator);
  output = join(workspace.folder, "out");
  keysFile = join(workspace.folder, "keys.json");
  const key = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KEY_ID}`;
  writeFileSync(keysFile, JSON.stringify([{ name: "payments", key, roles: [ROLE] }]));
  for (const stack of STACKS) writeOverride(join(output, "stacks", stack), workspace.provider);
});

afterAll(async () => {
  await emulator?.stop();
  workspace?.remove();
});

async function command(verb: string, ...args: readonly string[]): Promise<string> {
  const lock = workspace.provider.version === undefined ? [] : ["--skip-provider-lock"];
  const settings = {
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    CIPHERWATCH_MONITORED_KEYS: keysFile,
    CIPHERWATCH_CUSTOMER_MANAGED_KEYS: "records",
  };
  const { output: text } = await run(
    ["node", "deploy/cdktf.ts", verb, "watch", ...args, "--no-color", ...lock],
    { cwd: root, env: { ...workspace.env(settings), CDKTF_OUTDIR: output } },
  );
  return stripVTControlCharacters(text);
}

test("deploys the trail and the alarms of the key", async () => {
  await command("deploy", "--auto-approve");
  const { alarms, filters } = await emulator.monitoring();
  expect(filters).toContainEqual({
    name: "cipherwatch-watch-dev-key-outsider-payments",
    logGroupName: "/cipherwatch/watch-dev/trail",
    pattern: expect.stringMatching(new RegExp(`${KEY_ID}.+sessionIssuer\\.arn != "${ROLE}"`)),
  });
  for (const kind of ["outsider", "errors", "volume"]) {
    const name = `cipherwatch-watch-dev-key-${kind}-payments`;
    expect(alarms.find((alarm) => alarm.name === name)?.actions, name).toEqual([
      `arn:aws:sns:${REGION}:${ACCOUNT}:cipherwatch-watch-dev-urgent`,
    ]);
  }
});

test("has no changes in a second plan", async () => {
  const text = await command("diff");
  for (const stack of STACKS) expect(text).toMatch(new RegExp(`^${stack} +no changes$`, "m"));
});

test("destroys both stacks without leaving resources behind", async () => {
  await command("destroy", "--auto-approve");
  expect(unexpectedRemainders(await emulator.remainingResources())).toEqual([]);
});
