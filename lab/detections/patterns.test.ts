import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseEmbeddedMetrics } from "../../cloudwatch/embedded-metrics.ts";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { warnings } from "../../cloudwatch/pattern/warnings.ts";
import { detectionMetric } from "../../detections/cloudwatch-names.ts";
import type { CloudTrailRecord, TrailDetection } from "../../detections/detection.ts";
import { filterPatterns } from "../../detections/exclusions.ts";
import { cisPack, detections } from "../../detections/index.ts";
import { ENDPOINT_SERVICES, SECURITY_GROUPS } from "../../detections/scope.ts";
import { type MetricValues, metricFields } from "../../service/telemetry.ts";
import { retargetRecord } from "../attack/retarget-record.ts";
import { deployedScope } from "../scope.ts";
import { account, deploymentOf } from "../testing/deployment.ts";

const deployment = deploymentOf({ CIS_PACK: "true" });
const scope = deployedScope("dev", deployment);

const isTrail = (detection: { readonly source: string }): detection is TrailDetection =>
  detection.source === "trail";
const trailDetections = detections.filter(isTrail);

/** Returns the patterns in the synthesized stacks, with references resolved. */
function synthesizedPatterns(detection: TrailDetection): readonly string[] {
  const { metricName } = detectionMetric(detection, scope);
  const filters = deployment.metricFilters.filter(
    ({ transformation }) => transformation.metricName === metricName,
  );
  if (filters.length === 0) throw new Error(`The stacks have no metric filter for ${metricName}.`);
  return filters.map(({ pattern }) => pattern);
}

const parsed = new Map(
  [...trailDetections, ...cisPack].map((it) => [it.id, synthesizedPatterns(it).map(parsePattern)]),
);

function fires(id: string, record: CloudTrailRecord): boolean {
  const patterns = parsed.get(id);
  if (patterns === undefined) throw new Error(`No detection ${id} reads the trail.`);
  return patterns.some((pattern) => matches(pattern, JSON.stringify(record)));
}

/** Returns the ids of the detections that count the record, without the CIS pack. */
const firedBy = (record: CloudTrailRecord): readonly string[] =>
  trailDetections.map(({ id }) => id).filter((id) => fires(id, record));

const cases = (detection: TrailDetection, side: "mustFire" | "mustNotFire") =>
  detection[side].map((example) => [example.name, example] as const);

describe.each(trailDetections.map((detection) => [detection.id, detection] as const))(
  "%s",
  (id, detection) => {
    test.each(cases(detection, "mustFire"))("fires: %s", (_, { record, alsoFires = [] }) => {
      const fired = firedBy(retargetRecord(record, scope, account));
      expect(fired.toSorted()).toEqual([id, ...alsoFires].sort());
    });

    test.each(cases(detection, "mustNotFire"))(
      "does not fire: %s",
      (_, { record, alsoFires = [] }) => {
        const fired = firedBy(retargetRecord(record, scope, account));
        expect(alsoFires).not.toContain(id);
        expect(fired.toSorted()).toEqual([...alsoFires].sort());
      },
    );
  },
);

describe.each(cisPack.map((detection) => [detection.id, detection] as const))(
  "%s",
  (id, detection) => {
    test.each(cases(detection, "mustFire"))("fires: %s", (_, { record }) => {
      expect(fires(id, record)).toBe(true);
    });

    test.each(cases(detection, "mustNotFire"))("does not fire: %s", (_, { record }) => {
      expect(fires(id, record)).toBe(false);
    });
  },
);

test.each([...trailDetections, ...cisPack].map((detection) => [detection.id, detection] as const))(
  "%s uses only documented pattern syntax",
  (_, detection) => {
    for (const pattern of synthesizedPatterns(detection)) {
      expect(warnings(parsePattern(pattern))).toEqual([]);
    }
  },
);

test("with VPC endpoints, the stacks insert the ids of all groups and endpoints into the patterns", () => {
  const withEndpoints = deploymentOf({ VPC_ENDPOINTS: "true" });
  const scope = deployedScope("dev", withEndpoints);
  expect(scope.securityGroupIds).toHaveLength(SECURITY_GROUPS.length);
  expect(new Set(scope.vpcEndpointIds).size).toBe(ENDPOINT_SERVICES.length);
  const synthesized = withEndpoints.metricFilters.map(({ pattern }) => pattern);
  for (const detection of trailDetections) {
    expect(synthesized).toEqual(expect.arrayContaining([...filterPatterns(detection, scope)]));
  }
});

describe("records of other accounts' keys", () => {
  const rows: readonly { readonly name: string; readonly event: CloudTrailRecord }[] = JSON.parse(
    readFileSync(new URL("./fixtures/cloudtrail-events.json", import.meta.url), "utf8"),
  );

  test("fire none of the default detections", () => {
    expect(rows).toHaveLength(50);
    expect(rows.flatMap(({ name, event }) => firedBy(event).map((id) => `${id}: ${name}`))).toEqual(
      [],
    );
  });

  test("fire the CIS pack, which monitors the whole account, as the benchmark describes", () => {
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

  test("fire the detections of uses and changes if the documentation's key is the monitored key", () => {
    const documented = {
      ...scope,
      keyArn: "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    };
    const seen = (id: string) => {
      const detection = trailDetections.find(
        ({ id: candidate }) => candidate === id,
      ) as TrailDetection;
      const patterns = filterPatterns(detection, documented).map(parsePattern);
      return rows
        .filter(({ event }) => patterns.some((it) => matches(it, JSON.stringify(event))))
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

describe("detections of the service's metrics", () => {
  const reported = detections.flatMap((detection) =>
    detection.source === "service" ? [[detection.id, detection] as const] : [],
  );

  /** Returns the datapoints of the alarm's metric that CloudWatch extracts from the service's log line. */
  function points(id: string, values: Readonly<Record<string, number>>) {
    const name = `${scope.namePrefix}${id}`;
    const alarm = deployment.alarms.find((candidate) => candidate.name === name);
    const line = metricFields(scope.serviceNamespace, values as MetricValues, Date.now());
    const embedded = parseEmbeddedMetrics(JSON.stringify(line));
    if (embedded === undefined || !("data" in embedded)) throw new Error("Not a metric log line.");
    return embedded.data.filter(
      (datum) =>
        datum.namespace === alarm?.namespace &&
        datum.name === alarm.metricName &&
        JSON.stringify(datum.dimensions) === JSON.stringify(alarm.dimensions),
    );
  }

  test.each(reported)(
    "%s: counts its examples with the resolution that its period needs",
    (id, detection) => {
      const { mustFire, period } = detection;
      for (const { values } of mustFire) {
        expect(points(id, values)).toMatchObject([{ sum: 1, highResolution: period < 60 }]);
      }
    },
  );

  test.each(reported)("%s: does not count the other examples", (id, { mustNotFire }) => {
    for (const { values } of mustNotFire) {
      expect(points(id, values).filter(({ sum }) => sum > 0)).toEqual([]);
    }
  });

  test.each(reported)("%s: its alarm monitors its metric", (id, detection) => {
    const { metricName } = detectionMetric(detection, scope);
    expect(deployment.alarms).toContainEqual(
      expect.objectContaining({ name: `${scope.namePrefix}${id}`, metricName }),
    );
  });
});
