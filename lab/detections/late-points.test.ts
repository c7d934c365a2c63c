import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { statisticSet } from "../../cloudwatch/metric.ts";
import { PLACEHOLDER_DIGEST } from "../../common/placeholder-digest.ts";
import { alarmNameOf } from "../../detections/cloudwatch-names.ts";
import type { Detection } from "../../detections/detection.ts";
import { serviceEncryptEvent } from "../../detections/example-events.ts";
import { cisPack, detections } from "../../detections/index.ts";
import { type MetricValues, metricFields } from "../../service/telemetry.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import { retargetRecord } from "../attack/retarget-record.ts";
import type { AlarmsEntry } from "../aws/cloudwatch/alarms/alarm-store.ts";
import { createMonitor } from "../aws/cloudwatch/alarms/monitor.ts";
import { createMetrics } from "../aws/cloudwatch/metrics/metrics.ts";
import { createLogs } from "../aws/logs/logs.ts";
import { deployedScope } from "../scope.ts";
import { account, deploymentOf } from "../testing/deployment.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { memoryJournal } from "../testing/memory-journal.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const START = Date.UTC(2026, 2, 2, 9);
const TEN_MINUTES = 10 * MINUTE;
/** Lab time of each run, in which every late point is evaluated. */
const DURATION = 20 * MINUTE;

/** With a low threshold for kms-volume, so that few events reach it. */
const deployment = deploymentOf({
  CIS_PACK: "true",
  IMAGE_DIGEST: PLACEHOLDER_DIGEST,
  THRESHOLDS: "kms-volume=8,kms-errors=3",
});
const scope = deployedScope("dev", deployment);
const all: readonly Detection[] = [...detections, ...cisPack];
const thresholdOf = ({ id }: Detection) =>
  deployment.alarms.find(({ name }) => name === alarmNameOf({ id }, scope))?.threshold ?? 0;
const counting = all.filter((detection) => thresholdOf(detection) > 1);
const single = all.filter((detection) => thresholdOf(detection) === 1);

/** A log event: its time, the time of delivery and the timestamp that it is delivered with. */
interface Arrival {
  readonly detection: Detection;
  readonly calledAt: number;
  readonly arrivesAt: number;
  readonly timestamp: number;
}

const onTime = (detection: Detection, calledAt: number): Arrival => ({
  detection,
  calledAt,
  arrivesAt: calledAt,
  timestamp: calledAt,
});

function logEvent({ detection, timestamp }: Arrival) {
  if (detection.source === "trail") {
    const record = retargetRecord(detection.mustFire[0]?.record ?? {}, scope, account);
    return { group: scope.trailLogGroupName, message: JSON.stringify(record) };
  }
  const { values, client } = detection.mustFire[0] ?? {};
  const fields = metricFields(scope.serviceNamespace, values as MetricValues, timestamp, {
    client,
  });
  return { group: scope.serviceLogGroupName, message: JSON.stringify(fields) };
}

const alarmsOf = (arrivals: readonly Arrival[]): Deployment["alarms"] => {
  const names = new Set(arrivals.map(({ detection }) => alarmNameOf(detection, scope)));
  return deployment.alarms.filter(({ name }) => names.has(name));
};

/**
 * Runs the alarms of the arrivals' detections, together with ordinary events.
 * @returns the names of the alarms that fired
 */
function fired(
  arrivals: readonly Arrival[],
  { alarms = alarmsOf(arrivals), forged }: { alarms?: Deployment["alarms"]; forged?: number } = {},
): ReadonlySet<string> {
  const clock = manualClock(START);
  const metrics = createMetrics({ clock, journal: memoryJournal() });
  const metricNames = new Set(alarms.map(({ metricName }) => metricName));
  const metricFilters = deployment.metricFilters.filter(({ transformation }) =>
    metricNames.has(transformation.metricName),
  );
  const logs = createLogs({
    ...deployment,
    metricFilters,
    clock,
    metrics,
    journal: memoryJournal(),
  });
  const journal = memoryJournal<AlarmsEntry>();
  const monitor = createMonitor({
    ...account,
    clock,
    alarms,
    metrics,
    notify: () => {},
    journal,
  });
  monitor.start();
  const ordinary = JSON.stringify(retargetRecord(serviceEncryptEvent, scope, account));
  const idle: MetricValues = { Requests: 1, Decrypts: 1, DecryptDenied: 0, TamperedRecords: 0 };
  // Add zeros in every period, as on a busy service: an alarm misses a late point only if its period has other data.
  const every = (period: number, group: string, message: (timestamp: number) => string) => {
    for (let at = 0; at < DURATION; at += period) {
      const timestamp = START + at;
      clock.after(at, () => logs.ingest(group, "a", [{ message: message(timestamp), timestamp }]));
    }
  };
  const sources = new Set(arrivals.map(({ detection }) => detection.source));
  if (sources.has("trail")) every(MINUTE, scope.trailLogGroupName, () => ordinary);
  if (sources.has("service")) {
    every(10 * SECOND, scope.serviceLogGroupName, (timestamp) =>
      JSON.stringify(metricFields(scope.serviceNamespace, idle, timestamp)),
    );
  }
  for (let at = 0; forged !== undefined && at < DURATION; at += MINUTE) {
    const points = alarms.map(({ namespace, metricName: name, dimensions }) => ({
      ...{ namespace, name, dimensions, timestamp: START + at, unit: "Count" as const },
      ...{ highResolution: false, ...statisticSet([forged]) },
    }));
    clock.after(at, () => metrics.put(points));
  }
  for (const arrival of arrivals) {
    clock.after(arrival.arrivesAt, () => {
      const { group, message } = logEvent({ ...arrival, timestamp: START + arrival.timestamp });
      logs.ingest(group, "late", [{ message, timestamp: START + arrival.timestamp }]);
    });
  }
  clock.advance(DURATION);
  monitor.stop();
  return new Set(
    journal.appended.flatMap(({ alarmName, record }) =>
      record?.state.value === "ALARM" ? [alarmName] : [],
    ),
  );
}

const lateness = fc.integer({ min: 0, max: TEN_MINUTES });
const callTime = fc.integer({ min: 0, max: 2 * MINUTE });

/** Generates an arrival up to ten minutes after the call, with a timestamp between the two. */
const late = (detection: Detection, calledAt: number): fc.Arbitrary<Arrival> =>
  fc.tuple(lateness, fc.nat({ max: 100 })).map(([delay, percent]) => ({
    detection,
    calledAt,
    arrivesAt: calledAt + delay,
    timestamp: calledAt + Math.round((delay * percent) / 100),
  }));

/** Generates one call, delivered once or twice. */
const call = fc
  .record({ detection: fc.constantFrom(...single), calledAt: callTime })
  .chain(({ detection, calledAt }) =>
    fc.array(late(detection, calledAt), { minLength: 1, maxLength: 2 }),
  );

const RUNS = 25;

describe("points up to ten minutes late and records delivered twice", () => {
  test("do not change whether an alarm with a threshold of one fires", () => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 4 }), (calls) => {
        const punctual = calls.flatMap(([first]) =>
          first === undefined ? [] : [onTime(first.detection, first.calledAt)],
        );
        expect(fired(calls.flat())).toEqual(fired(punctual));
      }),
      { numRuns: RUNS },
    );
  });

  test("fire every alarm with a threshold of one when they are exactly ten minutes late", () => {
    const arrivals = single.map((detection) => ({
      ...onTime(detection, 59 * SECOND),
      arrivesAt: 59 * SECOND + TEN_MINUTES,
    }));
    const names = single.map((detection) => alarmNameOf(detection, scope));
    expect([...fired(arrivals)].sort()).toEqual(names.sort());
  });

  test("fire it despite negative values, which anyone who may publish metrics can add", () => {
    const arrivals = single.map((detection) => onTime(detection, 59 * SECOND));
    const names = single.map((detection) => alarmNameOf(detection, scope));
    expect([...fired(arrivals, { forged: -1000 })].sort()).toEqual(names.sort());
  });

  test("fire an alarm whose threshold is reached within seconds, wherever a period begins", () => {
    const burst = fc
      .record({ detection: fc.constantFrom(...counting), from: callTime })
      .chain(({ detection, from }) =>
        fc.tuple(
          ...Array.from({ length: thresholdOf(detection) }, () =>
            fc.integer({ min: from, max: from + 10 * SECOND }).chain((calledAt) =>
              detection.source === "trail"
                ? late(detection, calledAt)
                : lateness.map((delay) => ({
                    ...onTime(detection, calledAt),
                    arrivesAt: calledAt + delay,
                  })),
            ),
          ),
        ),
      );
    fc.assert(
      fc.property(burst, (arrivals) => {
        const id = arrivals[0]?.detection.id ?? "";
        expect(fired(arrivals)).toContain(alarmNameOf({ id }, scope));
      }),
      { numRuns: RUNS },
    );
  });

  test("fire no alarm if fewer than half of its threshold are delivered twice", () => {
    const few = fc
      .record({ detection: fc.constantFrom(...counting), calledAt: callTime })
      .chain(({ detection, calledAt }) =>
        fc.array(fc.tuple(late(detection, calledAt), late(detection, calledAt)), {
          maxLength: Math.floor((thresholdOf(detection) - 1) / 2),
        }),
      );
    fc.assert(
      fc.property(few, (pairs) => {
        const arrivals = pairs.flat();
        const id = arrivals[0]?.detection.id ?? "";
        expect(fired(arrivals)).not.toContain(alarmNameOf({ id }, scope));
      }),
      { numRuns: RUNS },
    );
  });
});

describe("an alarm with other evaluation periods misses", () => {
  const [kmsKeyChange] = all.filter(({ id }) => id === "kms-key-change");
  const [decryptDenied] = all.filter(({ id }) => id === "decrypt-denied");
  const changed = (id: string, change: Partial<Deployment["alarms"][number]>) =>
    deployment.alarms
      .filter(({ name }) => name === alarmNameOf({ id }, scope))
      .map((alarm) => ({ ...alarm, ...change }));

  test("a point that arrives three minutes late, with 1 of 1 periods", () => {
    const arrival = { ...onTime(kmsKeyChange as Detection, MINUTE), arrivesAt: 4 * MINUTE };
    const name = alarmNameOf({ id: "kms-key-change" }, scope);
    expect(fired([arrival])).toContain(name);
    expect(
      fired([arrival], { alarms: changed("kms-key-change", { evaluationPeriods: 1 }) }),
    ).toEqual(new Set());
  });

  test("five wrong Keys in four seconds across a boundary, with periods that do not overlap", () => {
    const straddling = [58, 59, 60, 61, 62].map((second) =>
      onTime(decryptDenied as Detection, second * SECOND),
    );
    const name = alarmNameOf({ id: "decrypt-denied" }, scope);
    expect(fired(straddling)).toContain(name);
    expect(fired(straddling, { alarms: changed("decrypt-denied", { period: 10 }) })).toEqual(
      new Set(),
    );
  });
});
