import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Aws } from "../aws/aws.ts";
import { consoleSources, testConsole } from "../testing/console.ts";
import { deploymentOf } from "../testing/deployment.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { startTestAws } from "../testing/start-aws.ts";
import type { ConsoleSources } from "./sources.ts";

const MINUTE = 60_000;
const HOSTILE = "<img src=x onerror=alert(1)>";
const clock = manualClock(Date.UTC(2026, 2, 2, 9));

let folder: string;
let aws: Aws;
let app: Hono;
let sources: ConsoleSources;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-alarm-page-"));
  const deployment = deploymentOf();
  aws = await startTestAws({ deployment, clock, folder });
  sources = consoleSources(aws, deployment, clock);
  app = testConsole(sources);
  clock.advance(2 * MINUTE);
  const record = {
    eventID: "event-1",
    eventSource: "rds.amazonaws.com",
    eventName: "ModifyDBSnapshotAttribute",
    userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/mallory" },
    sourceIPAddress: "203.0.113.17",
    userAgent: HOSTILE,
  };
  const event = { message: JSON.stringify(record), timestamp: clock.now() };
  aws.services.logs.ingest(deployment.trail.logGroupName, "test", [event]);
  clock.advance(2 * MINUTE);
});
afterAll(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = async (path: string) => app.request(`http://127.0.0.1:8090${path}`);

test("links the email of an alarm to its callers, addresses and event ids", async () => {
  const home = await (await get("/")).text();
  const [, path = ""] = /<a href="(\/alarms\/[^"]+)">Who did it/.exec(home) ?? [];
  expect(path).toBe("/alarms/cipherwatch-dev-database-copy");
  const page = await (await get(path)).text();
  for (const text of ["user/mallory", "203.0.113.17", "event-1", "ModifyDBSnapshotAttribute"]) {
    expect(page).toContain(text);
  }
  expect(page).toContain("aws logs start-query --log-group-names /cipherwatch/dev/trail");
  expect(page).not.toContain(HOSTILE);
});

test("returns the callers and events as JSON", async () => {
  const response = await get("/api/alarms/cipherwatch-dev-database-copy/events");
  expect(await response.json()).toMatchObject({
    state: "ALARM",
    events: [{ eventId: "event-1" }],
    callers: [{ caller: "arn:aws:iam::111122223333:user/mallory", addresses: ["203.0.113.17"] }],
  });
});

test("reports that an alarm has not fired, or that it does not exist", async () => {
  const quiet = await get("/alarms/cipherwatch-dev-trail-change");
  expect(await quiet.text()).toContain("The alarm has not fired yet.");
  for (const path of ["/alarms/constructor", "/api/alarms/constructor/events"]) {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("The stacks have no alarm named constructor.");
  }
});

test("names the clients for which an alarm is in ALARM", async () => {
  const { scope, deployment } = sources;
  const report = { Service: "api", Client: "client-1", QuotaExceeded: 1 };
  const metric = { Name: "QuotaExceeded" };
  const Dimensions = [["Service", "Client"]];
  const directive = { Namespace: scope.serviceNamespace, Dimensions, Metrics: [metric] };
  const _aws = { Timestamp: clock.now(), CloudWatchMetrics: [directive] };
  aws.logLine(scope.serviceLogGroupName, JSON.stringify({ ...report, _aws }));
  clock.advance(2 * MINUTE);
  const name = deployment.alarms.find(
    ({ groupBy, metricName }) => groupBy && metricName === metric.Name,
  )?.name;
  expect(await (await get(`/alarms/${name}`)).text()).toContain("<code>Client client-1</code>");
  expect(await (await get("/")).text()).toContain("Client client-1 <span>Since");
  expect(await (await get(`/api/alarms/${name}/events`)).json()).toMatchObject({
    state: "ALARM",
    contributors: [{ attributes: { Client: "client-1" } }],
    events: [{ logGroup: scope.serviceLogGroupName }],
  });
});
