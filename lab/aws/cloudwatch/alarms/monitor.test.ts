import { describe, expect, test } from "vitest";
import type { Alarm, ThresholdAlarm } from "../../../../cloudwatch/alarm/alarm.ts";
import { ANOMALY_MODEL } from "../../../../cloudwatch/alarm/anomaly.ts";
import { statisticSet } from "../../../../cloudwatch/metric.ts";
import {
  ALARM,
  ANOMALY_ALARM,
  COMPOSITE_ALARM,
  GROUPED_ALARM,
  TOPIC,
} from "../../../../cloudwatch/testing/fixtures.ts";
import { MINUTE, NOON } from "../../testing/cloudwatch.ts";
import { monitorOf, SECOND } from "../../testing/monitor.ts";
import type { AlarmsEntry } from "./alarm-store.ts";

test("keeps a new alarm in INSUFFICIENT_DATA until the next full minute", () => {
  const { clock, monitor, state } = monitorOf([ALARM], [], NOON + 30 * SECOND);
  monitor.start();
  expect(monitor.find(ALARM.name)?.state).toEqual({
    value: "INSUFFICIENT_DATA",
    reason: "Unchecked: Initial alarm creation",
  });
  clock.advance(30 * SECOND - 1);
  expect(state()).toBe("INSUFFICIENT_DATA");
  clock.advance(1);
  expect(state()).toBe("OK");
  expect(monitor.find(ALARM.name)?.stateTransitionedAt).toBe(NOON + MINUTE);
});

test("changes to ALARM at the end of a breaching period, and back to OK later", () => {
  const { clock, monitor, publish, state, subjects } = monitorOf([ALARM]);
  monitor.start();
  clock.advance(90 * SECOND);
  publish(3);
  expect(state()).toBe("OK");
  clock.advance(30 * SECOND);
  expect(state()).toBe("ALARM");
  // The datapoint stays in the evaluation range for two more periods.
  clock.advance(3 * MINUTE - 1);
  expect(state()).toBe("ALARM");
  clock.advance(1);
  expect(state()).toBe("OK");
  expect(subjects()).toEqual(['ALARM: "kms-errors"']);
});

test("notifies once while the alarm lasts", () => {
  const { clock, monitor, publish, state, notify } = monitorOf([ALARM]);
  monitor.start();
  for (let minute = 0; minute < 10; minute++) {
    publish(5);
    clock.advance(MINUTE);
  }
  expect(state()).toBe("ALARM");
  expect(notify).toHaveBeenCalledTimes(1);
  expect(notify.mock.calls[0]?.[0]).toBe(TOPIC.arn);
});

test("runs the actions of each state", () => {
  const alarm = {
    ...ALARM,
    treatMissingData: "missing",
    okActions: [TOPIC.arn],
    insufficientDataActions: [TOPIC.arn],
  } as const;
  const { clock, monitor, publish, subjects } = monitorOf([alarm]);
  monitor.start();
  publish(0);
  clock.advance(MINUTE);
  publish(9);
  clock.advance(5 * MINUTE);
  expect(subjects()).toEqual([
    'OK: "kms-errors"',
    'ALARM: "kms-errors"',
    'INSUFFICIENT_DATA: "kms-errors"',
  ]);
});

test("explains the state with the evaluated datapoints", () => {
  const alarm = { ...ALARM, evaluationPeriods: 3, datapointsToAlarm: 2 };
  const { clock, monitor, publish } = monitorOf([alarm]);
  monitor.start();
  publish(3);
  clock.advance(MINUTE);
  publish(1);
  clock.advance(MINUTE);
  publish(4);
  publish(1);
  clock.advance(MINUTE);
  const { reason, reasonData } = monitor.find(ALARM.name)?.state ?? {};
  expect(reason).toBe(
    "Threshold Crossed: 2 out of the last 3 datapoints [5.0 (20/11/26 12:02:00), 3.0 (20/11/26 12:00:00)] were greater than or equal to the threshold (3.0) (minimum 2 datapoints for OK -> ALARM transition).",
  );
  expect(reasonData).toMatchObject({
    version: "1.0",
    queryDate: "2026-11-20T12:03:00.000+0000",
    startDate: "2026-11-20T12:00:00.000+0000",
    statistic: "Sum",
    period: 60,
    recentDatapoints: [{ double: 3 }, { double: 1 }, { double: 5 }],
    threshold: { double: 3 },
  });
  expect(reasonData).toHaveProperty("evaluatedDatapoints.0", {
    timestamp: "2026-11-20T12:02:00.000+0000",
    sampleCount: { double: 2 },
    value: { double: 5 },
  });
});

describe("SetAlarmState", () => {
  test("runs the actions and keeps the state until the next evaluation", () => {
    const { clock, monitor, state, subjects } = monitorOf([ALARM]);
    monitor.start();
    clock.advance(90 * SECOND);
    monitor.setState(ALARM.name, { value: "ALARM", reason: "a drill" });
    expect(state()).toBe("ALARM");
    expect(subjects()).toEqual(['ALARM: "kms-errors"']);
    clock.advance(30 * SECOND);
    expect(state()).toBe("OK");
  });

  test("runs no actions if the state does not change", () => {
    const { clock, monitor, notify } = monitorOf([ALARM]);
    monitor.start();
    clock.advance(90 * SECOND);
    monitor.setState(ALARM.name, { value: "OK", reason: "still fine" });
    const record = monitor.find(ALARM.name);
    expect(record?.state.reason).toBe("still fine");
    expect(record?.stateUpdatedAt).toBe(NOON + 90 * SECOND);
    expect(record?.stateTransitionedAt).toBe(NOON + MINUTE);
    expect(notify).not.toHaveBeenCalled();
  });
});

test.each<[string, Partial<ThresholdAlarm>, RegExp]>([
  ["a period of 45 seconds", { period: 45 }, /period is 45; .* 10, 20, 30 or a multiple of 60/],
  [
    "more datapoints to alarm than evaluation periods",
    { datapointsToAlarm: 2 },
    /datapoints to alarm is 2; .* between 1 and 1/,
  ],
  ["more than a day of minutes", { evaluationPeriods: 1441 }, /is 86460; .* at most 86400/],
  ["more than a week of hours", { period: 3600, evaluationPeriods: 169 }, /at most 604800/],
  ["no threshold", { threshold: Number.NaN }, /threshold is NaN/],
])("rejects an alarm with %s", (_, rule, message) => {
  expect(() => monitorOf([{ ...ALARM, ...rule }])).toThrow(message);
  expect(() => monitorOf([{ ...ALARM, ...rule }])).toThrow("AWS would reject the alarm kms-errors");
});

describe("alarms on the series of a metric", () => {
  const alarm = { ...GROUPED_ALARM, okActions: [TOPIC.arn] };

  function grouped(alarms: readonly Alarm[] = [alarm], entries?: readonly AlarmsEntry[]) {
    const lab = monitorOf(alarms, entries);
    const count = (dimensions: Readonly<Record<string, string>>, value: number) =>
      lab.metrics.put([
        {
          namespace: alarm.namespace,
          name: alarm.metricName,
          dimensions,
          timestamp: lab.clock.now(),
          unit: "Count",
          highResolution: false,
          ...statisticSet([value]),
        },
      ]);
    const publish = (Team: string, value: number) => count({ Stage: "dev", Team }, value);
    const notified = () =>
      lab.notify.mock.calls.map(([, { message }]) => {
        const document = JSON.parse(JSON.parse(message).default);
        return [document.NewStateValue, document.AlarmContributorAttributes?.Team];
      });
    const record = () => lab.monitor.find(alarm.name);
    const teams = () => record()?.contributors?.map(({ attributes }) => attributes.Team);
    return { ...lab, count, publish, notified, record, teams };
  }

  test("notify once for each contributor, even while the alarm stays in ALARM, and not for the alarm", () => {
    const { clock, monitor, publish, notified, record, teams } = grouped();
    monitor.start();
    publish("a", 3);
    publish("b", 1);
    clock.advance(MINUTE);
    expect(record()?.state).toMatchObject({
      value: "ALARM",
      reason: "1 out of 2 time series evaluated to ALARM",
      reasonData: { version: "1.0", queryDate: "2026-11-20T12:01:00.000+0000" },
    });
    expect(teams()).toEqual(["a"]);
    publish("a", 3);
    publish("b", 5);
    clock.advance(MINUTE);
    expect(teams()).toEqual(["a", "b"]);
    expect(record()?.stateTransitionedAt).toBe(NOON + MINUTE);
    publish("a", 0);
    clock.advance(5 * MINUTE);
    expect(record()?.state.value).toBe("OK");
    expect(teams()).toEqual([]);
    expect(notified()).toEqual([
      ["ALARM", "a"],
      ["ALARM", "b"],
      ["OK", "a"],
      ["OK", "b"],
    ]);
  });

  test("read the metrics with exactly the dimensions of the alarm and its group", () => {
    const { clock, monitor, count, record } = grouped();
    monitor.start();
    for (const dimensions of [
      { Stage: "dev" },
      { Team: "a" },
      { Stage: "prod", Team: "a" },
      { Stage: "dev", Team: "a", Zone: "1" },
    ]) {
      count(dimensions, 9);
    }
    clock.advance(MINUTE);
    expect(record()?.state).toMatchObject({
      value: "OK",
      reason:
        "No time series were returned by the query. Treat missing data is configured as [NonBreaching].",
    });
  });

  test("change a composite alarm that refers to the alarm", () => {
    const rule = `ALARM("${alarm.name}")`;
    const { clock, monitor, publish, state } = grouped([alarm, { ...COMPOSITE_ALARM, rule }]);
    monitor.start();
    publish("a", 3);
    clock.advance(MINUTE);
    expect(state(COMPOSITE_ALARM.name)).toBe("ALARM");
  });

  test("keep their contributors when the lab restarts, and notify once", () => {
    const before = grouped();
    before.monitor.start();
    before.publish("a", 3);
    before.clock.advance(MINUTE);
    before.monitor.stop();
    const after = grouped([alarm], before.journal.appended);
    expect(after.teams()).toEqual(["a"]);
    after.monitor.start();
    after.publish("a", 3);
    after.clock.advance(2 * MINUTE);
    expect(after.notified()).toEqual([]);
  });

  test("run no actions on SetAlarmState, and return to the state of the contributors", () => {
    const { clock, monitor, notify, record } = grouped();
    monitor.start();
    clock.advance(90 * SECOND);
    monitor.setState(alarm.name, { value: "ALARM", reason: "a drill" });
    expect(record()?.state.value).toBe("ALARM");
    clock.advance(MINUTE);
    expect(record()?.state.value).toBe("OK");
    expect(notify).not.toHaveBeenCalled();
  });
});

describe("anomaly alarms", () => {
  test("learn a band from the data, and fire above it", () => {
    const { clock, monitor, publish, state, notify } = monitorOf([ANOMALY_ALARM]);
    monitor.start();
    for (let period = 0; period < 40; period++) {
      publish(100 + (period % 3));
      clock.advance(5 * MINUTE);
      if (period === 20) expect(state(ANOMALY_ALARM.name)).toBe("INSUFFICIENT_DATA");
    }
    expect(state(ANOMALY_ALARM.name)).toBe("OK");
    for (let period = 0; period < 3; period++) {
      publish(400);
      clock.advance(5 * MINUTE);
    }
    expect(state(ANOMALY_ALARM.name)).toBe("ALARM");
    const { default: document, email } = JSON.parse(notify.mock.calls[0]?.[1].message ?? "");
    expect(JSON.parse(document).Trigger).toMatchObject({
      ComparisonOperator: "GreaterThanUpperThreshold",
      ThresholdMetricId: "band",
      Metrics: [
        { Id: "m1", MetricStat: { Metric: { MetricName: "kms-errors" }, Stat: "Sum" } },
        { Id: "band", Expression: "ANOMALY_DETECTION_BAND(m1, 2)" },
      ],
    });
    expect(email).toContain("GreaterThanUpperThreshold of ANOMALY_DETECTION_BAND(m1, 2)");
    expect(email).toContain(ANOMALY_MODEL);
  });
});
