import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { alarmNameOf } from "../../detections/cloudwatch-names.ts";
import type { CloudTrailRecord, Detection, Severity } from "../../detections/detection.ts";
import { serviceDecryptEvent, serviceEncryptEvent } from "../../detections/example-events.ts";
import { cisPack, detections } from "../../detections/index.ts";
import type { DetectionScope } from "../../detections/scope.ts";
import { type MetricValues, metricFields } from "../../service/telemetry.ts";
import { settingsOf } from "../../settings/testing.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import { readTerraform } from "../../terraform/reader.ts";
import { deployedScope, retargetRecord } from "../attack/scope.ts";
import { type Aws, startAws } from "../aws/aws.ts";
import { type ManualClock, manualClock } from "../testing/manual-clock.ts";

const account = { accountId: "111122223333", region: "ap-southeast-2" };
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const PAGER = "on-call@pager.example.com";
const TEAM = "security@example.com";

const deployment = readDeployment(
  readTerraform(
    synthesize(
      settingsOf({
        CIS_PACK: "true",
        PAGER_EMAIL: PAGER,
        ALERT_EMAIL: TEAM,
        IMAGE_DIGEST: PLACEHOLDER_DIGEST,
      }),
    ),
    account,
  ),
  account,
);
const scope = deployedScope("dev", deployment);

let folder: string;
let clock: ManualClock;
let aws: Aws;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-mails-"));
  clock = manualClock(Date.UTC(2026, 2, 2, 9, 0, 0));
  aws = await startAws({
    deployment,
    clock,
    port: 0,
    trailDelaySeconds: 300,
    journalFile: (name) => join(folder, `${name}.jsonl`),
    onError: (error) => {
      throw error;
    },
  });
  clock.advance(2 * MINUTE);
});
afterEach(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const deliver = (record: CloudTrailRecord) =>
  aws.logLine(scope.trailLogGroupName, JSON.stringify(retargetRecord(record, scope, account)));

const report = (
  values: Readonly<Record<string, number>>,
  { serviceNamespace }: DetectionScope = scope,
) =>
  aws.logLine(
    scope.serviceLogGroupName,
    JSON.stringify(metricFields(serviceNamespace, values as MetricValues, clock.now())),
  );

interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}
const inbox = () => aws.state().inbox as readonly Mail[];

function addresseeOf(severity: Severity): string {
  return severity === "critical" || severity === "high" ? PAGER : TEAM;
}

/** Lets a detection's first example happen as often as its alarm wants. */
function actOut(detection: Detection): void {
  for (let time = 0; time < detection.threshold; time++) {
    if (detection.source === "trail") deliver(detection.mustFire[0]?.record ?? {});
    else report(detection.mustFire[0]?.values ?? {});
  }
}

test.each([...detections, ...cisPack].map((it) => [it.id, it] as const))(
  "%s mails whom its severity calls for, with what to do",
  (_, detection) => {
    actOut(detection);
    clock.advance(2 * MINUTE);
    const name = alarmNameOf(detection, scope);
    const mails = inbox().filter(({ subject }) => subject.startsWith(`ALARM: "${name}"`));
    expect(mails.map(({ to }) => to)).toEqual([addresseeOf(detection.severity)]);
    expect(mails[0]?.body).toContain(`1. ${detection.runbook[0]}`);
    expect(mails[0]?.body).toContain(`docs/runbooks/${detection.id}.md`);
  },
);

test("one short of the threshold is no mail", () => {
  const volume = detections.find(({ id }) => id === "kms-volume") as Detection;
  actOut({ ...volume, threshold: volume.threshold - 1 });
  clock.advance(10 * MINUTE);
  expect(inbox()).toEqual([]);
});

test("what the service reports is a mail within twenty seconds", () => {
  actOut(detections.find(({ id }) => id === "decrypt-denied") as Detection);
  clock.advance(20 * SECOND);
  expect(inbox().map(({ subject }) => subject.split(" in ")[0])).toEqual([
    'ALARM: "cipherwatch-dev-decrypt-denied"',
  ]);
});

test("two tactics within a quarter of an hour are an attack under way", () => {
  const named = (id: string) => detections.find((it) => it.id === id) as Detection;
  const attack = () =>
    inbox().filter(({ subject }) =>
      subject.startsWith('ALARM: "cipherwatch-dev-attack-under-way"'),
    );
  actOut(named("alarm-change"));
  actOut(named("trail-change"));
  clock.advance(10 * MINUTE);
  expect(attack()).toEqual([]);
  actOut(named("kms-outsider"));
  clock.advance(2 * MINUTE);
  expect(attack()).toMatchObject([
    { to: PAGER, body: expect.stringContaining("cipherwatch-dev-kms-outsider") },
  ]);
  clock.advance(60 * MINUTE);
  const on = aws.state().alarms.filter((alarm) => "state" in alarm && alarm.state === "ALARM");
  expect(on).toEqual([]);
});

test("an hour of ordinary traffic is no mail at all", () => {
  const harmless = detections
    .flatMap((detection) => (detection.source === "trail" ? detection.mustNotFire : []))
    .filter(({ alsoFires }) => alsoFires === undefined);
  for (let minute = 0; minute < 60; minute++) {
    for (let time = 0; time < 10; time++) {
      deliver(serviceDecryptEvent);
      deliver(serviceEncryptEvent);
      report({ Requests: 1, Latency: 12, ServerErrors: 0 });
      report({ Requests: 1, Latency: 9, ServerErrors: 0, Decrypts: 1, DecryptDenied: 0 });
    }
    // What others do that is like what the detections look for, and is none of it.
    const example = harmless[minute % harmless.length];
    if (example !== undefined) deliver(example.record);
    clock.advance(MINUTE);
  }
  // The CIS pack is of the whole account, and heeds no exceptions.
  const ours = inbox().filter(({ subject }) => !subject.includes('"cipherwatch-dev-cis-'));
  expect(ours).toEqual([]);
});
