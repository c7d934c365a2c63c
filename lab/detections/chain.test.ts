import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serviceRoleName } from "../../common/naming.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import type { Stacks, TerraformJson } from "../../terraform/json.ts";
import type { Aws } from "../aws/aws.ts";
import { account, deploymentOf } from "../testing/deployment.ts";
import { type ManualClock, manualClock } from "../testing/manual-clock.ts";
import { startTestAws } from "../testing/start-aws.ts";

const MINUTE = 60_000;
const defaultDeployment = deploymentOf();

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

async function start(deployment: Deployment): Promise<Aws> {
  const aws = await startTestAws({ deployment, clock, folder });
  running.push(aws);
  return aws;
}

/** Fails `count` Decrypt calls of the service's role, all at the same lab time. */
async function failDecrypts(aws: Aws, count: number): Promise<void> {
  const kms = new KMSClient({
    endpoint: aws.url,
    region: account.region,
    credentials: aws.assumeRole(serviceRoleName("dev"), "task"),
    maxAttempts: 1,
  });
  const KeyId = "alias/cipherwatch-dev";
  const context = (record: string) => ({ EncryptionContext: { app: "cipherwatch", record } });
  const { CiphertextBlob } = await kms.send(
    new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", ...context("1") }),
  );
  for (let call = 0; call < count; call += 1) {
    const decrypt = new DecryptCommand({ CiphertextBlob, KeyId, ...context("2") });
    await expect(kms.send(decrypt)).rejects.toMatchObject({ name: "InvalidCiphertextException" });
  }
  kms.destroy();
}

const namesInAlarm = (aws: Aws) =>
  aws
    .state()
    .alarms.filter((alarm) => "state" in alarm && alarm.state === "ALARM")
    .map((alarm) => "name" in alarm && alarm.name);

/** Returns the deployment of stacks, with the filter patterns changed in the synthesized JSON. */
function deploymentWithPatterns(change: (pattern: string) => string): Deployment {
  const changeStacks = (stacks: Stacks) =>
    new Map(
      [...stacks].map(([id, stack]) => [
        id,
        JSON.parse(JSON.stringify(stack), (name, value) =>
          name === "pattern" && typeof value === "string" ? change(value) : value,
        ) as TerraformJson,
      ]),
    );
  return deploymentOf({}, changeStacks);
}

describe("the synthesized stacks decide which alarms fire", () => {
  it("fires kms-errors on one wrong Key by default", async () => {
    const aws = await start(defaultDeployment);
    await failDecrypts(aws, 1);
    clock.advance(7 * MINUTE);
    expect(namesInAlarm(aws)).toContain("cipherwatch-dev-kms-errors");
  });

  it("applies a higher threshold from the settings", async () => {
    const aws = await start(deploymentOf({ THRESHOLDS: "kms-errors=3" }));
    await failDecrypts(aws, 2);
    clock.advance(7 * MINUTE);
    expect(namesInAlarm(aws)).toEqual([]);
    await failDecrypts(aws, 3);
    clock.advance(7 * MINUTE);
    expect(namesInAlarm(aws)).toContain("cipherwatch-dev-kms-errors");
  });

  it("applies a changed filter pattern", async () => {
    const aws = await start(
      deploymentWithPatterns((pattern) =>
        pattern.replace('$.errorCode = "*"', '$.errorCode = "DisabledException"'),
      ),
    );
    await failDecrypts(aws, 3);
    clock.advance(7 * MINUTE);
    expect(namesInAlarm(aws)).not.toContain("cipherwatch-dev-kms-errors");
  });

  it("rejects a pattern that AWS rejects, and names the metric filter", async () => {
    const deployment = deploymentWithPatterns(() => "{ $.a == 1 }");
    await expect(start(deployment)).rejects.toThrow(
      /cipherwatch-dev-.*Invalid metric filter pattern/s,
    );
  });
});

it("delivers pending records after a restart, and sends one email about them", async () => {
  const first = await start(defaultDeployment);
  await failDecrypts(first, 1);
  clock.advance(MINUTE);
  await first.close();
  running = [];
  const second = await start(defaultDeployment);
  clock.advance(7 * MINUTE);
  expect(second.state().inbox).toHaveLength(1);
  await second.close();
  running = [];
  const third = await start(defaultDeployment);
  clock.advance(7 * MINUTE);
  expect(third.state().inbox).toHaveLength(1);
});
