import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from "@aws-sdk/client-kms";
import { afterEach, beforeEach, expect, it } from "vitest";
import { decryptDenied } from "../../detections/decrypt-denied.ts";
import { serviceLogLine } from "../attack/service-log-line.ts";
import type { Aws } from "../aws/aws.ts";
import { consoleSources } from "../testing/console.ts";
import { account, deploymentOf } from "../testing/deployment.ts";
import { type ManualClock, manualClock } from "../testing/manual-clock.ts";
import { startTestAws } from "../testing/start-aws.ts";
import { type Chain, chains } from "./chain.ts";
import { metricChart } from "./chart.ts";
import { metricChains } from "./metric-chain.ts";
import type { ConsoleSources } from "./sources.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 2, 9, 0, 0);
const deployment = deploymentOf();

let folder: string;
let clock: ManualClock;
let aws: Aws;
let sources: ConsoleSources;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-console-chain-"));
  clock = manualClock(START);
  aws = await startTestAws({ deployment, clock, folder });
  sources = consoleSources(aws, deployment, clock);
});
afterEach(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const kmsClient = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new KMSClient({ endpoint: aws.url, region: account.region, credentials, maxAttempts: 1 });

/** Generates a data key as the service, and decrypts it with another context. */
async function tryWrongKey(): Promise<string | undefined> {
  const kms = kmsClient(aws.assumeRole(sources.scope.serviceRoleName, "task"));
  const KeyId = sources.scope.keyArn;
  const context = (record: string) => ({ EncryptionContext: { app: "cipherwatch", record } });
  const { CiphertextBlob } = await kms.send(
    new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", ...context("1") }),
  );
  const decrypt = new DecryptCommand({ KeyId, CiphertextBlob, ...context("2") });
  const error = await kms.send(decrypt).catch((reason) => reason);
  kms.destroy();
  return error.$metadata.requestId;
}

function logRequest(kmsRequestId: string | undefined): void {
  const line = { route: "/decrypt", method: "POST", status: 403, kmsRequestId };
  aws.logLine(sources.scope.serviceLogGroupName, JSON.stringify(line));
}

const stationsOf = (chain: Chain | undefined) =>
  chain?.stations.map(({ name, status }) => `${name} ${status}`);

it("follows a wrong Key from the request to the email", async () => {
  logRequest(await tryWrongKey());
  const [pending, ...others] = chains(sources, 5);
  expect(others).toEqual([]);
  expect(pending).toMatchObject({ title: "Decrypt with a wrong Key", count: 1 });
  expect(stationsOf(pending)).toEqual([
    "API alert",
    "KMS alert",
    "CloudTrail waiting",
    ...["Filter later", "Metric later", "Alarm later", "Email later"],
  ]);
  expect(pending?.stations[2]).toMatchObject({ since: START, due: START + 5 * MINUTE });

  clock.advance(5 * MINUTE + 1_000);
  const [delivered] = chains(sources, 5);
  expect(stationsOf(delivered)?.slice(2)).toEqual([
    ...["CloudTrail done", "Filter alert", "Metric done", "Alarm waiting", "Email later"],
  ]);
  expect(delivered?.stations[4]).toMatchObject({ text: "Maximum 1 in 60 s" });
  expect(delivered?.stations[5]).toMatchObject({ due: START + 6 * MINUTE });

  clock.advance(2 * MINUTE);
  const [reported] = chains(sources, 5);
  expect(stationsOf(reported)?.slice(5)).toEqual(["Alarm alert", "Email alert"]);
  expect(reported?.stations[6]).toMatchObject({ text: "To security@example.com" });
});

it("shows the metric in the minute of the log event's timestamp, which can be earlier than the delivery", () => {
  const record = {
    eventID: "late",
    eventSource: "rds.amazonaws.com",
    eventName: "ModifyDBSnapshotAttribute",
    userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/mallory" },
  };
  clock.advance(5 * MINUTE);
  const event = { message: JSON.stringify(record), timestamp: clock.now() - 4 * MINUTE };
  aws.services.logs.ingest(deployment.trail.logGroupName, "test", [event]);
  const [chain] = chains(sources, 5);
  expect(chain?.stations[4]).toMatchObject({ name: "Metric", text: "Maximum 1 in 60 s" });
});

it("omits the service's own calls to KMS, and shows a caller that bypasses the service", async () => {
  await tryWrongKey();
  expect(chains(sources, 5)).toEqual([]);
  const kms = kmsClient({ accessKeyId: "mallory", secretAccessKey: "any" });
  const encrypt = new EncryptCommand({ KeyId: sources.scope.keyArn, Plaintext: Buffer.from("x") });
  await expect(kms.send(encrypt)).rejects.toMatchObject({ name: "AccessDeniedException" });
  kms.destroy();
  const shown = chains(sources, 5);
  expect(shown.map(({ title }) => title)).toEqual(["mallory calls Encrypt"]);
  expect(shown[0]?.stations[0]).toEqual({
    name: "API",
    status: "none",
    text: "Bypassed by mallory",
  });
});

it("groups equal calls within a minute", async () => {
  for (let call = 0; call < 3; call += 1) logRequest(await tryWrongKey());
  expect(chains(sources, 5).map(({ count }) => count)).toEqual([3]);
});

it("shows the alarm of a metric that the service reports itself", async () => {
  expect(metricChains(sources, 5)).toEqual([]);
  for (let request = 0; request < 5; request += 1) {
    const values = { Requests: 1, Decrypts: 1, DecryptDenied: 1 };
    const line = serviceLogLine(decryptDenied, sources.scope, { values }, clock.now());
    aws.logLine(sources.scope.serviceLogGroupName, JSON.stringify(line));
  }
  clock.advance(2 * MINUTE);
  const [chain, ...others] = metricChains(sources, 5);
  expect(others).toEqual([]);
  expect(chain).toMatchObject({ id: "cipherwatch-dev-decrypt-denied", isMetric: true });
  expect(stationsOf(chain)).toEqual([
    "API alert",
    ...["KMS none", "CloudTrail none", "Filter none"],
    ...["Metric done", "Alarm alert", "Email alert"],
  ]);
  clock.advance(60 * MINUTE);
  expect(metricChains(sources, 5)).toEqual([]);
});

it("ends the chain at the filter if no pattern matches a record", () => {
  const { trail } = deployment;
  const message = JSON.stringify({ eventID: "1", eventName: "ListBuckets" });
  aws.services.logs.ingest(trail.logGroupName, "test", [{ message, timestamp: clock.now() }]);
  const [chain] = chains(sources, 5);
  expect(stationsOf(chain)?.slice(3)).toEqual([
    ...["Filter done", "Metric none", "Alarm none", "Email none"],
  ]);
  expect(chain?.stations[0]?.text).toBe("Injected record");
});

it("charts the metric of an alarm with its threshold and the time in ALARM", async () => {
  await tryWrongKey();
  clock.advance(10 * MINUTE);
  const alarm = "cipherwatch-dev-kms-errors";
  expect(metricChart(sources, alarm)).toMatchObject({
    threshold: 1,
    times: [START / 1000 + 300],
    values: [1],
    inAlarm: [[START / 1000 + 360, expect.any(Number)]],
    end: START / 1000 + 600,
  });
  expect(metricChart(sources, "constructor")).toBeUndefined();
});
