import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DecryptCommand, EncryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serviceRoleName } from "../../common/naming.ts";
import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import type { TerraformJson } from "../../terraform/json.ts";
import { readTerraform } from "../../terraform/reader.ts";
import { type Aws, startAws } from "../aws/aws.ts";
import { type ManualClock, manualClock } from "../testing/manual-clock.ts";

const MINUTE = 60_000;
const account = { accountId: "111122223333", region: "ap-southeast-2" };

let folder: string;
let clock: ManualClock;
let running: Aws[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-chain-"));
  clock = manualClock(Date.UTC(2026, 2, 2, 9, 0, 0));
  running = [];
});

afterEach(async () => {
  for (const aws of running) await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const stacksWith = (env: Record<string, string> = {}) =>
  synthesize(loadSettings({ CIPHERWATCH_ALERT_EMAIL: "security@example.com", ...env }));

async function labOf(stacks: ReadonlyMap<string, TerraformJson>): Promise<Aws> {
  const aws = await startAws({
    deployment: readDeployment(readTerraform(stacks, account), account),
    clock,
    port: 0,
    trailDelaySeconds: 300,
    journalFile: (name) => join(folder, `${name}.jsonl`),
    onError: (error) => {
      throw error;
    },
  });
  running.push(aws);
  return aws;
}

/** The service's role tries `count` wrong Keys within one minute. */
async function wrongKeys(aws: Aws, count: number): Promise<void> {
  const kms = new KMSClient({
    endpoint: aws.url,
    region: account.region,
    credentials: aws.assumeRole(serviceRoleName("dev"), "task"),
    maxAttempts: 1,
  });
  const KeyId = "alias/cipherwatch-dev";
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId, Plaintext: Buffer.from("x"), EncryptionContext: { a: "1" } }),
  );
  for (let time = 0; time < count; time += 1) {
    const decrypt = new DecryptCommand({ CiphertextBlob, KeyId, EncryptionContext: { a: "2" } });
    await expect(kms.send(decrypt)).rejects.toMatchObject({ name: "InvalidCiphertextException" });
  }
  kms.destroy();
}

const alarmed = (aws: Aws) =>
  aws
    .state()
    .alarms.filter((alarm) => "state" in alarm && alarm.state === "ALARM")
    .map((alarm) => "name" in alarm && alarm.name);

function withPattern(
  stacks: ReadonlyMap<string, TerraformJson>,
  change: (pattern: string) => string,
): ReadonlyMap<string, TerraformJson> {
  return new Map(
    [...stacks].map(([id, stack]) => [
      id,
      JSON.parse(JSON.stringify(stack), (name, value) =>
        name === "pattern" && typeof value === "string" ? change(value) : value,
      ) as TerraformJson,
    ]),
  );
}

describe("what the synthesized stacks say decides what alarms", () => {
  it("one wrong Key is enough unless a setting says otherwise", async () => {
    const aws = await labOf(stacksWith());
    await wrongKeys(aws, 1);
    clock.advance(7 * MINUTE);
    expect(alarmed(aws)).toContain("cipherwatch-dev-kms-errors");
  });

  it("a higher threshold in the settings asks for more, with no other edit", async () => {
    const aws = await labOf(stacksWith({ CIPHERWATCH_THRESHOLDS: "kms-errors=3" }));
    await wrongKeys(aws, 2);
    clock.advance(7 * MINUTE);
    expect(alarmed(aws)).toEqual([]);
    await wrongKeys(aws, 3);
    clock.advance(7 * MINUTE);
    expect(alarmed(aws)).toContain("cipherwatch-dev-kms-errors");
  });

  it("another pattern in the stack sees something else", async () => {
    const aws = await labOf(
      withPattern(stacksWith(), (pattern) =>
        pattern.replace('$.errorCode = "*"', '$.errorCode = "DisabledException"'),
      ),
    );
    await wrongKeys(aws, 3);
    clock.advance(7 * MINUTE);
    expect(alarmed(aws)).not.toContain("cipherwatch-dev-kms-errors");
  });

  it("a pattern that AWS would refuse stops the lab, naming the filter", async () => {
    const stacks = withPattern(stacksWith(), () => "{ $.a == 1 }");
    await expect(labOf(stacks)).rejects.toThrow(/cipherwatch-dev-.*Invalid metric filter pattern/s);
  });
});

it("delivers after a restart what was on its way, and alarms about it once", async () => {
  const first = await labOf(stacksWith());
  await wrongKeys(first, 1);
  clock.advance(MINUTE);
  await first.close();
  running = [];
  const second = await labOf(stacksWith());
  clock.advance(7 * MINUTE);
  expect(second.state().inbox).toHaveLength(1);
  await second.close();
  running = [];
  const third = await labOf(stacksWith());
  clock.advance(7 * MINUTE);
  expect(third.state().inbox).toHaveLength(1);
});
