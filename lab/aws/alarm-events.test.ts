import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decryptDenied } from "../../detections/decrypt-denied.ts";
import { createAwsClient } from "../attack/aws-client.ts";
import { serviceLogLine } from "../attack/service-log-line.ts";
import { deployedScope } from "../scope.ts";
import { account, deploymentOf } from "../testing/deployment.ts";
import { type ManualClock, manualClock } from "../testing/manual-clock.ts";
import { startTestAws } from "../testing/start-aws.ts";
import { type AlarmEvents, alarmEvents } from "./alarm-events.ts";
import type { Aws } from "./aws.ts";

const MINUTE = 60_000;
const deployment = deploymentOf();
const scope = deployedScope("dev", deployment);

let folder: string;
let clock: ManualClock;
let aws: Aws;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-alarm-events-"));
  clock = manualClock(Date.UTC(2026, 2, 2, 9));
  aws = await startTestAws({ deployment, clock, folder });
  clock.advance(2 * MINUTE);
});
afterEach(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const eventsOf = (id: string): AlarmEvents | undefined =>
  alarmEvents({ services: aws.services, deployment, now: clock.now() }, `cipherwatch-dev-${id}`);

/** Disables the actions of an alarm as a user. */
async function disableActionsAs(accessKeyId: string): Promise<string> {
  let requestId = "";
  const client = createAwsClient({
    endpoint: aws.url,
    region: account.region,
    credentials: { accessKeyId },
    onCall: (id) => {
      requestId = id;
    },
  });
  const AlarmNames = ["cipherwatch-dev-kms-errors"];
  await client.json("cloudwatch", "DisableAlarmActions", { AlarmNames });
  return requestId;
}

test("names the callers, addresses and event ids that an alarm counted when it last fired", async () => {
  const first = await disableActionsAs("mallory");
  const second = await disableActionsAs("eve");
  await disableActionsAs("mallory");
  clock.advance(20 * MINUTE);
  const found = eventsOf("alarm-change");
  expect(found?.events).toHaveLength(3);
  expect(found?.events.map(({ requestId }) => requestId)).toEqual(
    expect.arrayContaining([first, second]),
  );
  expect(found?.events[0]).toMatchObject({
    eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    logGroup: "/cipherwatch/dev/trail",
    name: "DisableAlarmActions",
    address: "127.0.0.1",
  });
  expect(found?.callers).toEqual([
    {
      caller: "arn:aws:iam::111122223333:user/mallory",
      clients: [],
      addresses: ["127.0.0.1"],
      events: 2,
    },
    {
      caller: "arn:aws:iam::111122223333:user/eve",
      clients: [],
      addresses: ["127.0.0.1"],
      events: 1,
    },
  ]);
  expect(eventsOf("database-copy")?.events).toEqual([]);
});

test("returns no events before the alarm fires, and those of its last firing afterwards", async () => {
  await disableActionsAs("mallory");
  expect(eventsOf("alarm-change")).toEqual({
    alarm: "cipherwatch-dev-alarm-change",
    contributors: [],
    state: expect.not.stringMatching(/^ALARM$/),
    events: [],
    callers: [],
  });
  clock.advance(60 * MINUTE);
  expect(eventsOf("alarm-change")).toMatchObject({ state: "OK", callers: [{ events: 1 }] });
  expect(eventsOf("unknown")).toBeUndefined();
});

test("shows the requests behind an alarm on a metric of the service", () => {
  const { threshold } = decryptDenied;
  for (let second = 0; second < 120; second += 1) {
    const values = { DecryptDenied: threshold, Decrypts: threshold };
    const line = serviceLogLine(decryptDenied, scope, { values }, clock.now());
    const message = { ...line, route: "/decrypt", kmsRequestId: `kms-${second}` };
    aws.logLine(scope.serviceLogGroupName, JSON.stringify(message));
    clock.advance(1000);
  }
  clock.advance(MINUTE);
  const found = eventsOf("decrypt-denied");
  expect(found?.events.length).toBeGreaterThan(0);
  expect(found?.events[0]).toMatchObject({
    name: "/decrypt",
    requestId: expect.stringMatching(/^kms-\d+$/),
  });
});

test("collects the events of the alarms that a composite alarm combines", async () => {
  await disableActionsAs("mallory");
  const client = createAwsClient({
    endpoint: aws.url,
    region: account.region,
    credentials: { accessKeyId: "mallory" },
    onCall: () => {},
  });
  await client.query("rds", "CreateDBSnapshot", {
    DBInstanceIdentifier: "cipherwatch-dev-database",
    DBSnapshotIdentifier: "x",
  });
  clock.advance(10 * MINUTE);
  const names = () =>
    eventsOf("attack-under-way")
      ?.events.map(({ name }) => name)
      .sort();
  expect(names()).toEqual(["CreateDBSnapshot", "DisableAlarmActions"]);
  clock.advance(60 * MINUTE);
  expect(eventsOf("attack-under-way")?.state).toBe("OK");
  expect(names()).toEqual(["CreateDBSnapshot", "DisableAlarmActions"]);
});
