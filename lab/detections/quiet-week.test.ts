import { expect, test } from "vitest";
import { isMetricAlarm, type MetricAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import type { CloudTrailRecord } from "../../detections/detection.ts";
import { exampleScope, managementEvent, onKey, user } from "../../detections/example-events.ts";
import { metricIdsOf } from "../../replay/detections/math-alarm.ts";
import { compositeTransitions } from "../../replay/evaluate/composite.ts";
import { createScan } from "../../replay/evaluate/scan.ts";
import { createTally } from "../../replay/evaluate/tally.ts";
import { createTimeline, transitionsOf } from "../../replay/evaluate/timeline.ts";
import { settingsOf } from "../../settings/testing.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import { readTerraform } from "../../terraform/reader.ts";
import { retargetRecord } from "../attack/retarget-record.ts";
import { deployedScope } from "../scope.ts";
import { account } from "../testing/deployment.ts";
import { ordinaryWeek, type TimedRecord } from "../testing/ordinary-week.ts";

const MINUTE = 60_000;
/** In minutes. */
const DAY = 24 * 60;
const MONDAY = Date.UTC(2026, 2, 2);

// With the default settings of dev.
const terraform = readTerraform(
  synthesize(settingsOf({ IMAGE_DIGEST: PLACEHOLDER_DIGEST })),
  account,
);
const deployment = readDeployment(terraform, account);
const scope = deployedScope("dev", deployment);
const filters = deployment.metricFilters.filter(
  ({ logGroupName }) => logGroupName === scope.trailLogGroupName,
);
const week = ordinaryWeek(terraform);

/** Names of the alarms on CloudTrail records, composite alarms included, that the records raise. */
function raisedBy(records: readonly TimedRecord[]): readonly string[] {
  const published = new Set(filters.map(({ transformation }) => transformation.metricName));
  const alarms: readonly MetricAlarm[] = [...deployment.alarms, ...deployment.anomalyAlarms].filter(
    (alarm) => isMetricAlarm(alarm) && published.has(alarm.metricName),
  );
  const monitoredMetrics = [...new Set(alarms.flatMap(metricIdsOf))];
  const scan = createScan({ filters, monitoredMetrics, countsKeyUse: false });
  for (const [index, { minute, record }] of records.entries()) {
    const timed = { ...record, eventID: `event-${index}`, eventTime: timeOf(minute) };
    scan.add(timed, JSON.stringify(timed));
  }
  const tally = createTally(filters, monitoredMetrics);
  tally.add(scan.findings());
  const transitions = new Map(
    alarms.map((alarm) => {
      const series = metricIdsOf(alarm).map((id) => tally.series(monitoredMetrics.indexOf(id)));
      return [alarm.name, transitionsOf(alarm, createTimeline(alarm, series, MONDAY))] as const;
    }),
  );
  const composite = compositeTransitions(deployment.compositeAlarms, transitions, MONDAY);
  return [...transitions, ...composite].flatMap(([name, list]) =>
    list.some(({ to }) => to === "ALARM") ? [name] : [],
  );
}

const timeOf = (minute: number) =>
  `${new Date(MONDAY + minute * MINUTE).toISOString().slice(0, 19)}Z`;

const retargeted = new Map<CloudTrailRecord, CloudTrailRecord>();

/** The record with the names that the deployment gave its resources; cached, since most records recur. */
function inDeployment({ minute, record }: TimedRecord): TimedRecord {
  const known = retargeted.get(record) ?? retargetRecord(record, scope, account);
  retargeted.set(record, known);
  return { minute, record: known };
}

const ordinary = week.map(inDeployment);

test("contains use, two deployments, a scale-out, a rotation and backups", () => {
  const count = (name: string) => week.filter(({ record }) => record.eventName === name).length;
  expect(week.length).toBeGreaterThan(5_000);
  expect(count("PutMetricAlarm")).toBeGreaterThan(2 * deployment.alarms.length - 1);
  expect(count("PutMetricFilter")).toBe(2 * deployment.metricFilters.length);
  expect(count("AssumeRoleWithWebIdentity")).toBeGreaterThanOrEqual(4);
  for (const name of ["RegisterTaskDefinition", "UpdateService", "RotateSecret", "CreateGrant"]) {
    expect(count(name), name).toBeGreaterThan(0);
  }
});

test("a week of ordinary traffic, deployments, scaling, rotation and backups raises nothing", () => {
  expect(raisedBy(ordinary)).toEqual([]);
});

test("the week's Friday with one disabled key raises its alarm", () => {
  const record = managementEvent(user, {
    eventSource: "kms.amazonaws.com",
    eventName: "DisableKey",
    readOnly: false,
    ...onKey(exampleScope.keyArn),
  });
  const friday = 4 * DAY;
  const disabled = inDeployment({ minute: friday + 600, record });
  const thatDay = ordinary.filter(({ minute }) => minute >= friday && minute < friday + DAY);
  expect(raisedBy([...thatDay, disabled])).toEqual(["cipherwatch-dev-kms-key-change"]);
});
