import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { alarmNameOf } from "../../detections/cloudwatch-names.ts";
import type {
  CloudTrailRecord,
  Detection,
  ExampleReport,
  Severity,
} from "../../detections/detection.ts";
import { serviceDecryptEvent, serviceEncryptEvent } from "../../detections/example-events.ts";
import { cisPack, detections } from "../../detections/index.ts";
import { type MetricValues, metricFields } from "../../service/telemetry.ts";
import { retargetRecord } from "../attack/retarget-record.ts";
import type { Aws } from "../aws/aws.ts";
import { deployedScope } from "../scope.ts";
import { account, deploymentOf } from "../testing/deployment.ts";
import { type ManualClock, manualClock } from "../testing/manual-clock.ts";
import { startTestAws } from "../testing/start-aws.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const PAGER = "on-call@pager.example.com";
const TEAM = "security@example.com";

const deployment = deploymentOf({
  CIS_PACK: "true",
  PAGER_EMAIL: PAGER,
  ALERT_EMAIL: TEAM,
  IMAGE_DIGEST: PLACEHOLDER_DIGEST,
});
const scope = deployedScope("dev", deployment);

let folder: string;
let clock: ManualClock;
let aws: Aws;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-emails-"));
  clock = manualClock(Date.UTC(2026, 2, 2, 9, 0, 0));
  aws = await startTestAws({ deployment, clock, folder });
  clock.advance(2 * MINUTE);
});
afterEach(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const deliver = (record: CloudTrailRecord) =>
  aws.logLine(scope.trailLogGroupName, JSON.stringify(retargetRecord(record, scope, account)));

const report = (values: ExampleReport["values"], client?: string) =>
  aws.logLine(
    scope.serviceLogGroupName,
    JSON.stringify(
      metricFields(scope.serviceNamespace, values as MetricValues, clock.now(), { client }),
    ),
  );

interface Email {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}
const inbox = () => aws.state().inbox as readonly Email[];

function recipientFor(severity: Severity): string {
  return severity === "critical" || severity === "high" ? PAGER : TEAM;
}

/** Delivers a detection's first example as often as its alarm's threshold requires. */
function triggerAlarm(detection: Detection): void {
  for (let time = 0; time < detection.threshold; time++) {
    if (detection.source === "trail") deliver(detection.mustFire[0]?.record ?? {});
    else report(detection.mustFire[0]?.values ?? {}, detection.mustFire[0]?.client);
  }
}

test.each([...detections, ...cisPack].map((detection) => [detection.id, detection] as const))(
  "%s sends an email with its runbook to the recipients for its severity",
  (_, detection) => {
    triggerAlarm(detection);
    clock.advance(2 * MINUTE);
    const name = alarmNameOf(detection, scope);
    const emails = inbox().filter(({ subject }) => subject.startsWith(`ALARM: "${name}"`));
    expect(emails.map(({ to }) => to)).toEqual([
      recipientFor(detection.severity),
      ...(detection.notifiesBothTopics ? [TEAM] : []),
    ]);
    expect(emails[0]?.body).toContain(`1. ${detection.runbook[0]}`);
    expect(emails[0]?.body).toContain(`docs/runbooks/${detection.id}.md`);
  },
);

test("sends no email one event below the threshold", () => {
  const volume = detections.find(({ id }) => id === "kms-volume") as Detection;
  triggerAlarm({ ...volume, threshold: volume.threshold - 1 });
  clock.advance(10 * MINUTE);
  expect(inbox()).toEqual([]);
});

test("sends an email within 20 seconds about a metric that the service reports", () => {
  triggerAlarm(detections.find(({ id }) => id === "decrypt-denied") as Detection);
  clock.advance(20 * SECOND);
  expect(inbox().map(({ subject }) => subject.split(" in ")[0])).toEqual([
    'ALARM: "cipherwatch-dev-decrypt-denied"',
  ]);
});

test("fires attack-under-way on two tactics within 15 minutes", () => {
  const named = (id: string) => detections.find((detection) => detection.id === id) as Detection;
  const compositeEmails = () =>
    inbox().filter(({ subject }) =>
      subject.startsWith('ALARM: "cipherwatch-dev-attack-under-way"'),
    );
  triggerAlarm(named("alarm-change"));
  triggerAlarm(named("trail-change"));
  clock.advance(10 * MINUTE);
  expect(compositeEmails()).toEqual([]);
  triggerAlarm(named("kms-outsider"));
  clock.advance(2 * MINUTE);
  expect(compositeEmails()).toMatchObject([
    { to: PAGER, body: expect.stringContaining("cipherwatch-dev-kms-outsider") },
  ]);
  clock.advance(60 * MINUTE);
  const inAlarm = aws.state().alarms.filter((alarm) => "state" in alarm && alarm.state === "ALARM");
  expect(inAlarm).toEqual([]);
});

test("sends an email for each client, even while the alarm is in ALARM", () => {
  const clients = ["first", "second"];
  for (const client of clients) {
    for (let request = 0; request < 3; request++) report({ QuotaExceeded: 1 }, client);
    clock.advance(2 * MINUTE);
  }
  const emails = inbox().map(({ body }) => /^- Client +(.+)$/m.exec(body)?.[1]);
  expect(emails).toEqual(clients);
  expect(aws.state().alarms).toContainEqual(
    expect.objectContaining({
      name: "cipherwatch-dev-quota-exceeded",
      state: "ALARM",
      reason: "2 out of 2 time series evaluated to ALARM",
      contributors: clients.map((Client) => expect.objectContaining({ attributes: { Client } })),
    }),
  );
});

test("sends no email during an hour of ordinary traffic", () => {
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
    // Add examples that resemble attacks but must not fire.
    const example = harmless[minute % harmless.length];
    if (example !== undefined) deliver(example.record);
    clock.advance(MINUTE);
  }
  // The CIS pack monitors the whole account and has no exclusions.
  const withoutCisPack = inbox().filter(
    ({ subject }) => !subject.includes('"cipherwatch-dev-cis-'),
  );
  expect(withoutCisPack).toEqual([]);
});
