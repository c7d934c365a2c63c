import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Alarm,
  type AnomalyAlarm,
  type CompositeAlarm,
  isCompositeAlarm,
  isMetricAlarm,
  type MetricAlarm,
  type ThresholdAlarm,
} from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { ACCOUNT, ALARM, FILTER, LOG_GROUP } from "../../cloudwatch/testing/fixtures.ts";
import { metricIdsOf } from "../../replay/detections/math-alarm.ts";
import { compositeTransitions } from "../../replay/evaluate/composite.ts";
import { createScan } from "../../replay/evaluate/scan.ts";
import { createTally } from "../../replay/evaluate/tally.ts";
import { createTimeline } from "../../replay/evaluate/timeline.ts";
import { type Transition, transitionsOf } from "../../replay/evaluate/transitions.ts";
import type { AlarmsEntry } from "../aws/cloudwatch/alarms/alarm-store.ts";
import { createMonitor } from "../aws/cloudwatch/alarms/monitor.ts";
import { createMetrics, type MetricsEntry } from "../aws/cloudwatch/metrics/metrics.ts";
import { createLogs } from "../aws/logs/logs.ts";
import type { LogsEntry } from "../aws/logs/store.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { memoryJournal } from "../testing/memory-journal.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 2, 2, 12);

interface Event {
  /** Seconds after noon. */
  readonly at: number;
  readonly isError: boolean;
  readonly size: number;
}

interface Deployed {
  readonly filter: MetricFilter;
  readonly alarms: readonly Alarm[];
}

type Change = readonly [alarm: string, at: number, from: string, to: string, reason?: string];

function recordOf({ at, isError, size }: Event, index: number): object {
  return {
    eventVersion: "1.11",
    eventTime: `${new Date(NOON + at * SECOND).toISOString().slice(0, 19)}Z`,
    eventSource: "kms.amazonaws.com",
    eventName: "Decrypt",
    eventID: `event-${index}`,
    size,
    ...(isError ? { errorCode: "AccessDenied" } : {}),
  };
}

/** Delivers each event to the lab at its time, and returns the state changes of the alarms. */
function inLab(
  events: readonly Event[],
  { filter, alarms }: Deployed,
  last: number,
): readonly Change[] {
  const begin = NOON + (events[0]?.at ?? 0) * SECOND;
  // Create the alarms just before the minute of the first event; a replay creates them at its beginning.
  const first = begin - (begin % MINUTE);
  const clock = manualClock(first - 1);
  const metrics = createMetrics({ clock, journal: memoryJournal<MetricsEntry>() });
  const logs = createLogs({
    clock,
    ...ACCOUNT,
    logGroups: [LOG_GROUP],
    metricFilters: [filter],
    metrics,
    journal: memoryJournal<LogsEntry>(),
  });
  const journal = memoryJournal<AlarmsEntry>();
  const monitor = createMonitor({
    clock,
    ...ACCOUNT,
    alarms,
    metrics,
    notify: () => {},
    journal,
  });
  monitor.start();
  for (const [index, event] of events.entries()) {
    clock.advance(NOON + event.at * SECOND - clock.now());
    const message = JSON.stringify(recordOf(event, index));
    logs.ingest(LOG_GROUP.name, "trail", [{ timestamp: clock.now(), message }]);
  }
  clock.advance(NOON + last - clock.now());
  monitor.stop();
  const changes: Change[] = [];
  const states = new Map<string, string>(alarms.map(({ name }) => [name, "INSUFFICIENT_DATA"]));
  for (const { alarmName, record } of journal.appended) {
    const to = record?.state.value ?? "";
    const from = states.get(alarmName) ?? "";
    if (record === null || from === to) continue;
    states.set(alarmName, to);
    const change = [alarmName, Math.max(record.stateTransitionedAt, first), from, to] as const;
    changes.push(isMetricAlarm(record.alarm) ? [...change, record.state.reason] : change);
  }
  return sorted(changes);
}

/** Replays the events and returns the state changes of the alarms. */
function inReplay(events: readonly Event[], { filter, alarms }: Deployed): readonly Change[] {
  const metricAlarms = alarms.filter(isMetricAlarm);
  const monitoredMetrics = [...new Set(metricAlarms.flatMap(metricIdsOf))];
  const scan = createScan({ filters: [filter], monitoredMetrics, countsKeyUse: false });
  for (const [index, event] of events.entries()) {
    const record = recordOf(event, index);
    expect(scan.add(record, JSON.stringify(record))).toBeUndefined();
  }
  const tally = createTally([filter], monitoredMetrics);
  tally.add(scan.findings());
  const begin = tally.span()?.first ?? 0;
  const found = new Map<string, readonly Transition[]>(
    metricAlarms.map((alarm) => {
      const series = metricIdsOf(alarm).map((id) => tally.series(monitoredMetrics.indexOf(id)));
      return [alarm.name, transitionsOf(alarm, createTimeline(alarm, series, begin))];
    }),
  );
  const composites = alarms.filter(isCompositeAlarm);
  const composed = compositeTransitions(composites, found, begin - (begin % MINUTE));
  return sorted([
    ...[...found].flatMap(([name, transitions]) =>
      transitions.map(({ at, from, to, reason }): Change => [name, at, from, to, reason]),
    ),
    ...[...composed].flatMap(([name, transitions]) =>
      transitions.map(({ at, from, to }): Change => [name, at, from, to]),
    ),
  ]);
}

function sorted(changes: readonly Change[]): readonly Change[] {
  return changes.toSorted(([a, atA], [b, atB]) => atA - atB || (a < b ? -1 : 1));
}

const filter: fc.Arbitrary<MetricFilter> = fc
  .record({
    metricValue: fc.constantFrom("1", "2", "$.size"),
    defaultValue: fc.constantFrom(undefined, 0, 1),
  })
  .map(({ metricValue, defaultValue }) => {
    const { defaultValue: _, ...transformation } = FILTER.transformation;
    return {
      ...FILTER,
      transformation: {
        ...transformation,
        metricValue,
        ...(defaultValue === undefined ? {} : { defaultValue }),
      },
    };
  });

const alarm: fc.Arbitrary<ThresholdAlarm> = fc
  .record({
    period: fc.constantFrom(60, 120, 300, 3600, 3660),
    // Include evaluation ranges above a day, which are evaluated hourly.
    evaluationPeriods: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 5 }) },
      fc.constant(24),
    ),
    datapointsFraction: fc.double({ min: 0.01, max: 1, noNaN: true }),
    threshold: fc.integer({ min: 0, max: 5 }),
    statistic: fc.constantFrom("Sum", "Average", "Minimum", "Maximum", "SampleCount" as const),
    comparisonOperator: fc.constantFrom(
      "GreaterThanOrEqualToThreshold",
      "GreaterThanThreshold",
      "LessThanThreshold",
      "LessThanOrEqualToThreshold" as const,
    ),
    treatMissingData: fc.constantFrom("missing", "ignore", "breaching", "notBreaching" as const),
  })
  .map(({ datapointsFraction, ...alarmProps }) => ({
    ...ALARM,
    ...alarmProps,
    datapointsToAlarm: Math.ceil(datapointsFraction * alarmProps.evaluationPeriods),
  }));

/** Generates bursts of events, and gaps longer than most evaluation ranges. */
const events: fc.Arbitrary<readonly Event[]> = fc
  .array(
    fc.record({
      after: fc.oneof(
        fc.integer({ min: 0, max: 90 }),
        fc.integer({ min: 0, max: 1200 }),
        fc.constant(9 * 3600),
      ),
      isError: fc.boolean(),
      size: fc.integer({ min: 0, max: 4 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((list) => {
    let at = 0;
    return list.map(({ after, ...event }) => {
      at += after;
      return { ...event, at };
    });
  });

/** Returns when every alarm has reached its final state, in milliseconds after noon. */
const settledAt = (list: readonly Event[]) => (list.at(-1)?.at ?? 0) * SECOND + 40 * HOUR;

test("gives the same transitions and reasons in the lab and in a replay", () => {
  fc.assert(
    fc.property(events, filter, alarm, (list, oneFilter, oneAlarm) => {
      const deployed = { filter: oneFilter, alarms: [oneAlarm] };
      expect(inReplay(list, deployed)).toEqual(inLab(list, deployed, settledAt(list)));
    }),
    { numRuns: 150 },
  );
});

test("gives the same transitions of composite and anomaly alarms in the lab and in a replay", () => {
  const { threshold: _, comparisonOperator: __, ...rest } = ALARM;
  const anomaly: AnomalyAlarm = {
    ...rest,
    name: "anomaly",
    period: 300,
    evaluationPeriods: 3,
    datapointsToAlarm: 2,
    deviations: 2,
  };
  const composite = (name: string, rule: string): CompositeAlarm => ({
    name,
    rule,
    arn: "",
    description: "",
    actionsEnabled: true,
    alarmActions: [],
    okActions: [],
    insufficientDataActions: [],
  });
  const few: MetricAlarm = { ...ALARM, name: "few", threshold: 1 };
  const many: MetricAlarm = {
    ...ALARM,
    name: "many",
    threshold: 3,
    evaluationPeriods: 3,
    datapointsToAlarm: 2,
  };
  const alarms = [
    few,
    many,
    anomaly,
    composite("both", 'ALARM("few") AND ALARM("many")'),
    composite("odd", 'ALARM("anomaly") OR (NOT ALARM("both") AND ALARM("few"))'),
  ];
  // Begin with hours of few events, from which the anomaly model learns; add random events and a burst.
  const calm = Array.from({ length: 200 }, (_, minute) => ({
    at: minute * 60,
    isError: minute % 7 === 0,
    size: 1,
  }));
  const burst = Array.from({ length: 40 }, (_, index) => ({
    at: index * 8,
    isError: true,
    size: 1,
  }));
  const shifted = (list: readonly Event[], { at }: Event) =>
    list.map((event) => ({ ...event, at: event.at + at }));
  fc.assert(
    fc.property(events, (list) => {
      const random = shifted(
        list.filter(({ at }) => at < 3600),
        { ...calm[199], at: 12_000 } as Event,
      );
      const all = [...calm, ...random];
      all.push(...shifted(burst, all.at(-1) as Event));
      const last = (all.at(-1)?.at ?? 0) * SECOND + 20 * MINUTE;
      const deployed = { filter: FILTER, alarms };
      const replayed = inReplay(all, deployed).filter(([, at]) => at <= NOON + last);
      expect(replayed).toEqual(inLab(all, deployed, last));
      expect(replayed).toContainEqual(expect.arrayContaining(["anomaly", "OK", "ALARM"]));
      expect(replayed).toContainEqual(expect.arrayContaining(["both", "OK", "ALARM"]));
    }),
    { numRuns: 5 },
  );
});
