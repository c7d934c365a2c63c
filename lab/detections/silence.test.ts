import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { statisticSet } from "../../cloudwatch/metric.ts";
import { CANARY_MINUTES, CANARY_RECORD } from "../../common/canary.ts";
import { serviceRoleName } from "../../common/naming.ts";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { createCanary } from "../../service/canary.ts";
import { createKms } from "../../service/kms.ts";
import { createVault } from "../../service/vault.ts";
import type { Aws } from "../aws/aws.ts";
import { fixedDelay } from "../aws/cloudtrail/deliveries.ts";
import { deployedScope } from "../scope.ts";
import { account, deploymentOf } from "../testing/deployment.ts";
import { type ManualClock, manualClock } from "../testing/manual-clock.ts";
import { startTestAws } from "../testing/start-aws.ts";

const MINUTE = 60_000;
const PAGER = "on-call@pager.example.com";
const TEAM = "security@example.com";

const deployment = deploymentOf({
  PAGER_EMAIL: PAGER,
  ALERT_EMAIL: TEAM,
  IMAGE_DIGEST: PLACEHOLDER_DIGEST,
});
const scope = deployedScope("dev", deployment);
const nameOf = (id: string) => `cipherwatch-dev-${id}`;

let folder: string;
let clock: ManualClock;
let aws: Aws;
let canary: () => Promise<void>;
/** The log lines of the service. */
let log: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-silence-"));
  clock = manualClock(Date.UTC(2026, 2, 2, 9, 0, 0));
  aws = await startTestAws({ deployment, clock, folder, trailDeliveries: fixedDelay(300) });
  log = [];
  const write = (fields: object, message?: string) => {
    const line = JSON.stringify({ ...fields, msg: message });
    log.push(line);
    aws.logLine(scope.serviceLogGroupName, line);
  };
  const credentials = aws.assumeRole(serviceRoleName("dev"), "task");
  const environment = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  };
  previous = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]));
  Object.assign(process.env, environment);
  canary = createCanary({
    vault: createVault(createKms({ keyArn: scope.keyArn, attemptTimeout: 20_000 })),
    logger: { info: write, error: write } as Parameters<typeof createCanary>[0]["logger"],
    timeout: 60_000,
  });
});

let previous: Readonly<Record<string, string | undefined>>;
afterEach(async () => {
  for (const [name, value] of Object.entries(previous)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const emails = () =>
  (aws.state().inbox as readonly { to: string; subject: string }[]).map(
    ({ to, subject }) => [to, /"(.*?)"/.exec(subject)?.[1]] as const,
  );
const stateOf = (id: string) =>
  aws.services.cloudWatch.state().alarms.find(({ alarm }) => alarm.name === nameOf(id))?.state
    .value;

/** Runs the canary as the service does, for a number of its periods. */
async function runCanary(periods: number): Promise<void> {
  for (let period = 0; period < periods; period++) {
    await canary();
    clock.advance(CANARY_MINUTES * MINUTE);
  }
}

describe("while the canary runs", () => {
  test("no alarm fires for three hours, although KMS rejects its Keys", async () => {
    await runCanary(6);
    expect(log).toHaveLength(6);
    expect(log[0]).toContain('"msg":"canary"');
    expect(emails()).toEqual([]);
    expect(stateOf("kms-errors")).toBe("OK");
    expect(stateOf("decrypt-denied")).not.toBe("ALARM");
    expect(stateOf("canary-silent")).toBe("OK");
  });

  test("its alarm publishes in each period, to a topic without subscribers", async () => {
    await runCanary(3);
    const published = aws.services.cloudWatch
      .state()
      .history.filter(
        ({ alarmName, type, summary }) =>
          alarmName === nameOf("canary") && type === "Action" && summary.includes("executed"),
      );
    expect(published).toHaveLength(3);
  });
});

describe("silence", () => {
  test("of the canary sends an urgent email, even if other calls still reach the trail", async () => {
    await runCanary(2);
    const kms = clientOf();
    for (let quarter = 0; quarter < 12; quarter++) {
      await kms.send(
        new GenerateDataKeyCommand({
          KeyId: scope.keyArn,
          KeySpec: "AES_256",
          EncryptionContext: { app: "cipherwatch" },
        }),
      );
      aws.logLine(scope.serviceLogGroupName, '{"msg":"other"}');
      clock.advance(15 * MINUTE);
    }
    kms.destroy();
    expect(emails()).toEqual([[PAGER, nameOf("canary-silent")]]);
  });

  test("of the trail and the service sends urgent emails", async () => {
    await runCanary(2);
    clock.advance(90 * MINUTE);
    expect(emails()).toContainEqual([PAGER, nameOf("trail-silent")]);
    expect(emails()).toContainEqual([PAGER, nameOf("service-silent")]);
  });

  test.each([
    ["urgent", TEAM],
    ["routine", PAGER],
  ])("of the topic %s is reported through the other topic", (part, recipient) => {
    aws.services.metrics.put([
      {
        namespace: "AWS/SNS",
        name: "NumberOfNotificationsFailed",
        dimensions: { TopicName: nameOf(part) },
        timestamp: clock.now(),
        unit: "Count",
        highResolution: false,
        ...statisticSet([1]),
      },
    ]);
    clock.advance(10 * MINUTE);
    expect(emails()).toEqual([[recipient, nameOf(`${part}-failed`)]]);
  });
});

const clientOf = () =>
  new KMSClient({
    endpoint: aws.url,
    region: account.region,
    credentials: aws.assumeRole(serviceRoleName("dev"), "task"),
    maxAttempts: 1,
  });

describe("an attacker who uses the context of the canary", () => {
  test("causes an urgent email with more calls than the canary makes", async () => {
    const kms = clientOf();
    const { CiphertextBlob } = await kms.send(
      new GenerateDataKeyCommand({
        KeyId: scope.keyArn,
        KeySpec: "AES_256",
        EncryptionContext: { app: "cipherwatch", record: "b6b5b1b2-4f0e-4c3e-9a53-2d1c7e8f9a01" },
      }),
    );
    const decrypt = new DecryptCommand({
      KeyId: scope.keyArn,
      CiphertextBlob,
      EncryptionContext: { app: "cipherwatch", record: CANARY_RECORD },
    });
    for (let time = 0; time < 20; time++) {
      // KMS decrypts no record with the canary's context.
      await expect(kms.send(decrypt)).rejects.toMatchObject({ name: "InvalidCiphertextException" });
    }
    kms.destroy();
    clock.advance(7 * MINUTE);
    expect(emails()).toEqual([[PAGER, nameOf("canary")]]);
  });

  test("cannot hide calls with another key", async () => {
    const kms = clientOf();
    const context = { app: "cipherwatch", record: CANARY_RECORD };
    await expect(
      kms.send(
        new DecryptCommand({
          KeyId: scope.topicKeyArn,
          CiphertextBlob: (
            await kms.send(
              new GenerateDataKeyCommand({
                KeyId: scope.keyArn,
                KeySpec: "AES_256",
                EncryptionContext: context,
              }),
            )
          ).CiphertextBlob,
          EncryptionContext: context,
        }),
      ),
    ).rejects.toThrow();
    kms.destroy();
    clock.advance(7 * MINUTE);
    expect(emails()).toEqual([[PAGER, nameOf("kms-errors")]]);
  });
});
