import { describe, expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import type { CloudTrailRecord } from "../../detections/detection.ts";
import { exampleScope, managementEvent, onKey, user } from "../../detections/example-events.ts";
import { ATTACK_STEPS } from "../../detections/testing/attack-steps.ts";
import { settingsOf } from "../../settings/testing.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import { readTerraform } from "../../terraform/reader.ts";
import { retargetRecord } from "../attack/retarget-record.ts";
import { deployedScope } from "../scope.ts";
import { account } from "../testing/deployment.ts";
import { ordinaryWeek, type TimedRecord } from "../testing/ordinary-week.ts";
import { raisedAlarms } from "../testing/raised-alarms.ts";

/** A day in minutes. */
const DAY = 24 * 60;

// Synthesize with the default settings of dev.
const terraform = readTerraform(
  synthesize(settingsOf({ IMAGE_DIGEST: PLACEHOLDER_DIGEST })),
  account,
);
const deployment = readDeployment(terraform, account);
const scope = deployedScope("dev", deployment);
const week = ordinaryWeek(terraform);

const retargeted = new Map<CloudTrailRecord, CloudTrailRecord>();

/** Returns the record with the names of the deployment's resources. Caches it, because most records recur. */
function inDeployment({ minute, record }: TimedRecord): TimedRecord {
  const known = retargeted.get(record) ?? retargetRecord(record, scope, account);
  retargeted.set(record, known);
  return { minute, record: known };
}

const ordinary = week.map(inDeployment);

test("the quiet week contains use, two deployments, a scale-out, a rotation and backups", () => {
  const count = (name: string) => week.filter(({ record }) => record.eventName === name).length;
  expect(week.length).toBeGreaterThan(5_000);
  expect(count("PutMetricAlarm")).toBeGreaterThan(2 * deployment.alarms.length - 1);
  expect(count("PutMetricFilter")).toBe(2 * deployment.metricFilters.length);
  expect(count("AssumeRoleWithWebIdentity")).toBeGreaterThanOrEqual(4);
  for (const name of ["RegisterTaskDefinition", "UpdateService", "RotateSecret", "CreateGrant"]) {
    expect(count(name), name).toBeGreaterThan(0);
  }
});

test("the quiet week raises no alarm", () => {
  expect(raisedAlarms(deployment, ordinary)).toEqual([]);
});

test("a disabled key on the Friday of the quiet week raises its alarm", () => {
  const record = managementEvent(user, {
    eventSource: "kms.amazonaws.com",
    eventName: "DisableKey",
    readOnly: false,
    ...onKey(exampleScope.keyArn),
  });
  const friday = 4 * DAY;
  const disabled = inDeployment({ minute: friday + 600, record });
  const thatDay = ordinary.filter(({ minute }) => minute >= friday && minute < friday + DAY);
  expect(raisedAlarms(deployment, [...thatDay, disabled])).toEqual([
    "cipherwatch-dev-kms-key-change",
  ]);
});

describe("each attack step raises its alarm", () => {
  test.each(ATTACK_STEPS)("%s (%s)", (_, id, record) => {
    const raised = raisedAlarms(deployment, [inDeployment({ minute: 10, record })]);
    expect(raised).toContain(`cipherwatch-dev-${id}`);
  });
});
