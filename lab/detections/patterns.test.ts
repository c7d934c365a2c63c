import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readEmbeddedMetrics } from "../../cloudwatch/embedded-metrics.ts";
import { matches, parsePattern, warnings } from "../../cloudwatch/pattern/index.ts";
import { alarmNameOf, detectionMetric } from "../../detections/cloudwatch-names.ts";
import type { CloudTrailRecord, TrailDetection } from "../../detections/detection.ts";
import { filterPattern } from "../../detections/exclusions.ts";
import { cisPack, detections } from "../../detections/index.ts";
import { type MetricValues, metricFields } from "../../service/telemetry.ts";
import { settingsOf } from "../../settings/testing.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import { readTerraform } from "../../terraform/reader.ts";
import { deployedScope, retargetRecord } from "../attack/scope.ts";

const account = { accountId: "111122223333", region: "ap-southeast-2" };
const deployment = readDeployment(
  readTerraform(synthesize(settingsOf({ CIS_PACK: "true" })), account),
  account,
);

const scope = deployedScope("dev", deployment);

const isTrail = (detection: { readonly source: string }): detection is TrailDetection =>
  detection.source === "trail";
const inTrail = detections.filter(isTrail);

/** As the synthesized stack has it, every reference filled in. */
function synthesizedPattern(detection: TrailDetection): string {
  const name = alarmNameOf(detection, scope);
  const filter = deployment.metricFilters.find((candidate) => candidate.name === name);
  if (filter === undefined) throw new Error(`The stacks have no metric filter ${name}.`);
  return filter.pattern;
}

const parsed = new Map(
  [...inTrail, ...cisPack].map((it) => [it.id, parsePattern(synthesizedPattern(it))]),
);

function fires(id: string, record: CloudTrailRecord): boolean {
  const pattern = parsed.get(id);
  if (pattern === undefined) throw new Error(`No detection ${id} reads the trail.`);
  return matches(pattern, JSON.stringify(record));
}

/** Ids of the detections that a record fires, of the CIS pack's aside. */
const firedBy = (record: CloudTrailRecord): readonly string[] =>
  inTrail.map(({ id }) => id).filter((id) => fires(id, record));

const cases = (detection: TrailDetection, side: "mustFire" | "mustNotFire") =>
  detection[side].map((example) => [example.name, example] as const);

describe.each(inTrail.map((it) => [it.id, it] as const))("%s", (id, detection) => {
  test.each(cases(detection, "mustFire"))("fires: %s", (_, { record, alsoFires = [] }) => {
    const fired = firedBy(retargetRecord(record, scope, account));
    expect(fired.toSorted()).toEqual([id, ...alsoFires].sort());
  });

  test.each(cases(detection, "mustNotFire"))("is silent: %s", (_, { record, alsoFires = [] }) => {
    const fired = firedBy(retargetRecord(record, scope, account));
    expect(alsoFires).not.toContain(id);
    expect(fired.toSorted()).toEqual([...alsoFires].sort());
  });
});

describe.each(cisPack.map((it) => [it.id, it] as const))("%s", (id, detection) => {
  test.each(cases(detection, "mustFire"))("fires: %s", (_, { record }) => {
    expect(fires(id, record)).toBe(true);
  });

  test.each(cases(detection, "mustNotFire"))("is silent: %s", (_, { record }) => {
    expect(fires(id, record)).toBe(false);
  });
});

test.each([...inTrail, ...cisPack].map((it) => [it.id, it] as const))(
  "%s rests on nothing that AWS does not document",
  (_, detection) => {
    expect(warnings(parsePattern(synthesizedPattern(detection)))).toEqual([]);
  },
);

describe("records of other accounts' keys", () => {
  const rows: readonly { readonly name: string; readonly event: CloudTrailRecord }[] = JSON.parse(
    readFileSync(new URL("./fixtures/cloudtrail-events.json", import.meta.url), "utf8"),
  );

  test("are 50, and none of our detections fires on one", () => {
    expect(rows).toHaveLength(50);
    expect(rows.flatMap(({ name, event }) => firedBy(event).map((id) => `${id}: ${name}`))).toEqual(
      [],
    );
  });

  test("the CIS pack, which is of no key, sees those that the benchmark means", () => {
    const seen = cisPack.flatMap(({ id }) =>
      rows.filter(({ event }) => fires(id, event)).map(({ name }) => `${id}: ${name}`),
    );
    expect(seen).toEqual([
      "cis-unauthorized-calls: Decrypt denied: AccessDenied (assumed role, ap-southeast-2)",
      "cis-key-disabled: DisableKey",
      "cis-key-disabled: ScheduleKeyDeletion (1)",
      "cis-key-disabled: ScheduleKeyDeletion (2)",
      "cis-key-disabled: ScheduleKeyDeletion (3)",
    ]);
  });

  test("were the documentation's key ours, its uses and changes would be seen", () => {
    const documented = {
      ...scope,
      keyArn: "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    };
    const seen = (id: string) => {
      const detection = inTrail.find((it) => it.id === id) as TrailDetection;
      const pattern = parsePattern(filterPattern(detection, documented));
      return rows
        .filter(({ event }) => matches(pattern, JSON.stringify(event)))
        .map(({ name }) => name);
    };
    expect(seen("kms-key-change")).toEqual([
      "DisableKey",
      "ScheduleKeyDeletion (1)",
      "DisableKeyRotation",
      "PutKeyPolicy",
      "CreateGrant",
      "RetireGrant",
      "RevokeGrant",
      "Amazon EC2 example two: CreateGrant",
    ]);
    expect(seen("kms-volume")).toEqual([
      "Decrypt with a standard symmetric encryption key",
      "Decrypt with a KMS key in an AWS CloudHSM key store",
      "Decrypt (from an enclave)",
      "Amazon EC2 example two: Decrypt",
      "Decrypt with a standard symmetric encryption key (2025 page)",
    ]);
    expect(seen("kms-outsider")).toEqual([
      "Decrypt with a standard symmetric encryption key",
      "Decrypt failure with a standard symmetric encryption key",
      "Decrypt with a KMS key in an AWS CloudHSM key store",
      "Encrypt",
      "GenerateDataKey",
      "GenerateDataKeyWithoutPlaintext",
      "ReEncrypt",
      "Decrypt (from an enclave)",
      "GenerateDataKey (from an enclave)",
      "Amazon EC2 example two: GenerateDataKeyWithoutPlaintext",
      "Amazon EC2 example two: Decrypt",
      "Decrypt with a standard symmetric encryption key (2025 page)",
      "Encrypt (2025 page)",
      "GenerateDataKey (2025 page)",
      "GenerateDataKeyWithoutPlaintext (2025 page)",
      "ReEncrypt (2025 page)",
    ]);
  });
});

describe("what the service reports", () => {
  const reported = detections.flatMap((detection) =>
    detection.source === "service" ? [[detection.id, detection] as const] : [],
  );

  /** What CloudWatch would make of the service's own log line, of the metric that the alarm reads. */
  function points(id: string, values: Readonly<Record<string, number>>) {
    const name = `${scope.namePrefix}${id}`;
    const alarm = deployment.alarms.find((candidate) => candidate.name === name);
    const line = metricFields(scope.serviceNamespace, values as MetricValues, Date.now());
    const embedded = readEmbeddedMetrics(JSON.stringify(line));
    if (embedded === undefined || !("data" in embedded)) throw new Error("It is no metric line.");
    return embedded.data.filter(
      (datum) =>
        datum.namespace === alarm?.namespace &&
        datum.name === alarm.metricName &&
        JSON.stringify(datum.dimensions) === JSON.stringify(alarm.dimensions),
    );
  }

  test.each(reported)("%s counts, by the second", (id, { mustFire }) => {
    for (const { values } of mustFire) {
      expect(points(id, values)).toMatchObject([{ sum: 1, highResolution: true }]);
    }
  });

  test.each(reported)("%s does not count the rest", (id, { mustNotFire }) => {
    for (const { values } of mustNotFire) {
      expect(points(id, values).filter(({ sum }) => sum > 0)).toEqual([]);
    }
  });

  test.each(reported)("%s reads what its alarm reads", (id, detection) => {
    const { metricName } = detectionMetric(detection, scope);
    expect(deployment.alarms).toContainEqual(
      expect.objectContaining({ name: `${scope.namePrefix}${id}`, metricName }),
    );
  });
});
