import { describe, expect, test, vi } from "vitest";
import type { Alarm, ThresholdAlarm } from "../../../../cloudwatch/alarm/alarm.ts";
import { STAND_IN } from "../../../../cloudwatch/alarm/anomaly.ts";
import type { Notification } from "../../../../cloudwatch/alarm/notification.ts";
import { statisticSet } from "../../../../cloudwatch/metric.ts";
import {
  ACCOUNT,
  ALARM,
  ANOMALY_ALARM,
  COMPOSITE_ALARM,
  TOPIC,
} from "../../../../cloudwatch/testing/samples.ts";
import { manualClock } from "../../../testing/manual-clock.ts";
import { memoryJournal } from "../../../testing/memory-journal.ts";
import { createMetrics, type MetricsEntry } from "../metrics/metrics.ts";
import type { AlarmsEntry } from "./alarm-store.ts";
import { createMonitor } from "./monitor.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;

function monitorOf(alarms: readonly Alarm[], entries: readonly AlarmsEntry[] = [], start = NOON) {
  const clock = manualClock(start);
  const metrics = createMetrics({ clock, journal: memoryJournal<MetricsEntry>() });
  const journal = memoryJournal(entries);
  const notify = vi.fn<(topicArn: string, notification: Notification) => void>();
  const monitor = createMonitor({ clock, ...ACCOUNT, alarms, metrics, notify, journal });
  const publish = (value: number, highResolution = false) =>
    metrics.put([
      {
        namespace: ALARM.namespace,
        name: ALARM.metricName,
        dimensions: {},
        timestamp: clock.now(),
        unit: "Count",
        highResolution,
        ...statisticSet([value]),
      },
    ]);
  const state = (name = ALARM.name) => monitor.find(name)?.state.value;
  const subjects = () => notify.mock.calls.map(([, { subject }]) => subject.split(" in ")[0]);
  return { clock, metrics, journal, notify, monitor, publish, state, subjects };
}

test("a new alarm has insufficient data until it is evaluated at the full minute", () => {
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

test("a breach is an alarm at the end of its period, and ends by itself", () => {
  const { clock, monitor, publish, state, subjects } = monitorOf([ALARM]);
  monitor.start();
  clock.advance(90 * SECOND);
  publish(3);
  expect(state()).toBe("OK");
  clock.advance(30 * SECOND);
  expect(state()).toBe("ALARM");
  // The datapoint is in the range for two periods more.
  clock.advance(3 * MINUTE - 1);
  expect(state()).toBe("ALARM");
  clock.advance(1);
  expect(state()).toBe("OK");
  expect(subjects()).toEqual(['ALARM: "kms-errors"']);
});

test("one alarm is one notice, however long it lasts", () => {
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

test("each state has its own actions", () => {
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

test("an alarm with a period of ten seconds is evaluated every ten seconds", () => {
  const { clock, monitor, publish, state } = monitorOf([{ ...ALARM, period: 10 }]);
  monitor.start();
  clock.advance(13 * SECOND);
  publish(3, true);
  clock.advance(7 * SECOND - 1);
  expect(state()).toBe("OK");
  clock.advance(1);
  expect(state()).toBe("ALARM");
});

test("an alarm with a period of a minute is not, beside one that is", () => {
  const fast = { ...ALARM, name: "fast", period: 10 };
  const { clock, monitor, publish, state } = monitorOf([ALARM, fast]);
  monitor.start();
  clock.advance(MINUTE);
  publish(3, true);
  clock.advance(10 * SECOND);
  expect([state("fast"), state()]).toEqual(["ALARM", "OK"]);
  clock.advance(50 * SECOND);
  expect(state()).toBe("ALARM");
});

test("the reason tells the datapoints, and its data what was looked at", () => {
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

describe("evaluations that were late", () => {
  /** A monitor whose timer does not fire before `wake`: a machine asleep, a process blocked. */
  function asleep() {
    const { clock, metrics, notify, publish } = monitorOf([ALARM]);
    const timers: (() => void)[] = [];
    const total = vi.fn(metrics.total);
    const monitor = createMonitor({
      clock: {
        now: clock.now,
        after: (_, task) => {
          timers.push(task);
          return () => {};
        },
      },
      ...ACCOUNT,
      alarms: [ALARM],
      metrics: { ...metrics, total },
      notify,
      journal: memoryJournal<AlarmsEntry>(),
    });
    monitor.start();
    const wake = (after: number) => {
      clock.advance(after);
      timers.shift()?.();
    };
    return { clock, monitor, publish, wake, total, timers };
  }

  test("are made up in order, so that a breach meanwhile is not lost", () => {
    const { monitor, publish, wake, timers } = asleep();
    publish(3);
    wake(30 * MINUTE);
    expect(monitor.history().map(({ type, summary, at }) => [type, summary, at - NOON])).toEqual([
      ["StateUpdate", "Alarm updated from ALARM to OK", 4 * MINUTE],
      ["Action", `Successfully executed action ${TOPIC.arn}`, MINUTE],
      ["StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM", MINUTE],
      ["ConfigurationUpdate", 'Alarm "kms-errors" created', 0],
    ]);
    expect(timers).toHaveLength(1);
  });

  test("do not undo a state that was set by hand since", () => {
    const { monitor, wake, clock } = asleep();
    clock.advance(MINUTE + SECOND);
    monitor.setState(ALARM.name, { value: "ALARM", reason: "a drill" });
    wake(0);
    expect(monitor.find(ALARM.name)?.state.value).toBe("ALARM");
  });

  test("are made up for three hours at most", () => {
    const { wake, total } = asleep();
    wake(30 * 24 * 60 * MINUTE);
    expect(total).toHaveBeenCalledTimes(181 * 3);
  });
});

test("nothing is evaluated once it stopped", () => {
  const { clock, monitor, state } = monitorOf([ALARM]);
  monitor.start();
  monitor.stop();
  clock.advance(10 * MINUTE);
  expect(state()).toBe("INSUFFICIENT_DATA");
});

describe("SetAlarmState", () => {
  test("runs the actions and lasts until the next evaluation", () => {
    const { clock, monitor, state, subjects } = monitorOf([ALARM]);
    monitor.start();
    clock.advance(90 * SECOND);
    monitor.setState(ALARM.name, { value: "ALARM", reason: "a drill" });
    expect(state()).toBe("ALARM");
    expect(subjects()).toEqual(['ALARM: "kms-errors"']);
    clock.advance(30 * SECOND);
    expect(state()).toBe("OK");
  });

  test("to the state that it has runs none", () => {
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

describe("actions", () => {
  test("are not run while they are disabled, and the history says nothing of them", () => {
    const { clock, monitor, publish, state, notify } = monitorOf([ALARM]);
    monitor.start();
    monitor.setActionsEnabled(ALARM.name, false);
    publish(9);
    clock.advance(MINUTE);
    expect(state()).toBe("ALARM");
    expect(notify).not.toHaveBeenCalled();
    expect(monitor.history().map(({ type }) => type)).toEqual([
      "StateUpdate",
      "ConfigurationUpdate",
      "ConfigurationUpdate",
    ]);
  });

  test("that fail are in the history with their error, and the alarm goes on", () => {
    const { clock, monitor, publish, notify } = monitorOf([ALARM]);
    notify.mockImplementation(() => {
      throw new Error("Topic does not exist");
    });
    monitor.start();
    publish(9);
    clock.advance(MINUTE);
    const [item] = monitor.history();
    expect(item?.summary).toBe(
      `Failed to execute action ${TOPIC.arn}. Received error: "Topic does not exist"`,
    );
    expect(JSON.parse(item?.data ?? "")).toMatchObject({ actionState: "Failed" });
    clock.advance(3 * MINUTE);
    expect(monitor.find(ALARM.name)?.state.value).toBe("OK");
  });

  test("the history holds what was published", () => {
    const { clock, monitor, publish, notify } = monitorOf([ALARM]);
    monitor.start();
    publish(9);
    clock.advance(MINUTE);
    expect(JSON.parse(monitor.history()[0]?.data ?? "")).toEqual({
      actionState: "Succeeded",
      stateUpdateTimestamp: NOON + MINUTE,
      notificationResource: TOPIC.arn,
      publishedMessage: notify.mock.calls[0]?.[1].message,
      error: null,
    });
  });
});

describe("after a restart", () => {
  function alarmed() {
    const before = monitorOf([ALARM]);
    before.monitor.start();
    before.publish(9);
    before.clock.advance(MINUTE);
    return before;
  }

  test("the alarm is in its state, and is not told again", () => {
    const before = alarmed();
    const after = monitorOf([ALARM], before.journal.appended, before.clock.now());
    expect(after.monitor.alarms()).toEqual(before.monitor.alarms());
    expect(after.monitor.history()).toEqual(before.monitor.history());
    after.publish(9);
    after.monitor.start();
    after.clock.advance(MINUTE);
    expect(after.state()).toBe("ALARM");
    expect(after.notify).not.toHaveBeenCalled();
  });

  test("a changed alarm keeps its state until it is evaluated by its new rule", () => {
    const before = alarmed();
    const at = before.clock.now();
    const after = monitorOf([{ ...ALARM, threshold: 10 }], before.journal.appended, at);
    expect(after.monitor.find(ALARM.name)).toMatchObject({
      alarm: { threshold: 10 },
      state: { value: "ALARM" },
      configurationUpdatedAt: at,
    });
    expect(after.monitor.history()[0]).toMatchObject({
      type: "ConfigurationUpdate",
      summary: 'Alarm "kms-errors" updated',
    });
    after.publish(9);
    after.monitor.start();
    after.clock.advance(MINUTE);
    expect(after.state()).toBe("OK");
  });

  test("an alarm that the stacks no longer have is gone, its history is not", () => {
    const before = alarmed();
    const other = { ...ALARM, name: "other" };
    const after = monitorOf([other], before.journal.appended, before.clock.now());
    expect(after.monitor.alarms().map(({ alarm }) => alarm.name)).toEqual(["other"]);
    expect(after.monitor.history().map(({ summary }) => summary)).toContain(
      'Alarm "kms-errors" deleted',
    );
    const later = monitorOf([other], [...before.journal.appended, ...after.journal.appended]);
    expect(later.journal.appended).toEqual([]);
  });

  test("disabled actions stay disabled until the stacks change the alarm", () => {
    const before = monitorOf([ALARM]);
    before.monitor.setActionsEnabled(ALARM.name, false);
    const after = monitorOf([ALARM], before.journal.appended);
    expect(after.monitor.find(ALARM.name)?.actionsEnabled).toBe(false);
    const changed = monitorOf([{ ...ALARM, threshold: 1 }], before.journal.appended);
    expect(changed.monitor.find(ALARM.name)?.actionsEnabled).toBe(true);
  });
});

test("history older than thirty days is dropped", () => {
  const { clock, monitor } = monitorOf([ALARM]);
  clock.advance(31 * 24 * 60 * MINUTE);
  monitor.setState(ALARM.name, { value: "ALARM", reason: "a drill" });
  expect(monitor.history().map(({ type }) => type)).toEqual(["Action", "StateUpdate"]);
});

test.each<[string, Partial<ThresholdAlarm>, RegExp]>([
  ["a period of 45 seconds", { period: 45 }, /period is 45; .* 10, 20, 30 or a multiple of 60/],
  ["M above N", { datapointsToAlarm: 2 }, /datapoints to alarm is 2; .* from 1 to 1/],
  ["more than a day of minutes", { evaluationPeriods: 1441 }, /is 86460; .* at most 86400/],
  ["more than a week of hours", { period: 3600, evaluationPeriods: 169 }, /at most 604800/],
  ["no threshold", { threshold: Number.NaN }, /threshold is NaN/],
])("an alarm that AWS would refuse is an error that names it: %s", (_, rule, message) => {
  expect(() => monitorOf([{ ...ALARM, ...rule }])).toThrow(message);
  expect(() => monitorOf([{ ...ALARM, ...rule }])).toThrow("AWS would refuse the alarm kms-errors");
});

describe("a composite alarm", () => {
  const OTHER = { ...ALARM, name: "other", arn: `${ALARM.arn}-other`, metricName: "other" };

  function compositeOf(rule = COMPOSITE_ALARM.rule, entries: readonly AlarmsEntry[] = []) {
    const both = { ...COMPOSITE_ALARM, rule, okActions: [TOPIC.arn] };
    const lab = monitorOf(
      [both, { ...ALARM, alarmActions: [] }, { ...OTHER, alarmActions: [] }],
      entries,
    );
    lab.monitor.start();
    const set = (name: string, value: "ALARM" | "OK") =>
      lab.monitor.setState(name, { value, reason: "a test" });
    return { ...lab, set, both: () => lab.state("both") };
  }

  test("follows those that it looks at, at once", () => {
    const { clock, set, both, subjects } = compositeOf();
    clock.advance(MINUTE);
    expect(both()).toBe("OK");
    set("kms-errors", "ALARM");
    expect(both()).toBe("OK");
    set("other", "ALARM");
    expect(both()).toBe("ALARM");
    set("kms-errors", "OK");
    expect(both()).toBe("OK");
    expect(subjects()).toEqual(['OK: "both"', 'ALARM: "both"', 'OK: "both"']);
  });

  test("follows what metrics do to them", () => {
    const { clock, publish, both } = compositeOf('ALARM("kms-errors") AND NOT ALARM("other")');
    clock.advance(MINUTE);
    publish(3);
    clock.advance(MINUTE);
    expect(both()).toBe("ALARM");
    clock.advance(10 * MINUTE);
    expect(both()).toBe("OK");
  });

  test("tells which of them made it change", () => {
    const { clock, set, notify, monitor } = compositeOf();
    clock.advance(MINUTE);
    set("other", "ALARM");
    clock.advance(5 * SECOND);
    set("kms-errors", "ALARM");
    const notice = JSON.parse(notify.mock.calls.at(-1)?.[1].message ?? "");
    expect(JSON.parse(notice.default)).toMatchObject({
      AlarmName: "both",
      NewStateValue: "ALARM",
      NewStateReason: `${ALARM.arn} transitioned to ALARM at Friday 20 November, 2026 12:01:05 UTC`,
      AlarmRule: COMPOSITE_ALARM.rule,
      TriggeringChildren: [
        { Arn: ALARM.arn, State: { Value: "ALARM", Timestamp: "2026-11-20T12:01:05.000+0000" } },
      ],
    });
    expect(notice.email).toContain(`Alarm Rule:\n${COMPOSITE_ALARM.rule}\n`);
    expect(notice.email).toContain(`- ${ALARM.arn}: ALARM at Friday 20 November, 2026`);
    expect(monitor.history()[0]).toMatchObject({ alarmName: "both", alarmType: "CompositeAlarm" });
  });

  test("may look at another of its kind", () => {
    const outer = {
      ...COMPOSITE_ALARM,
      name: "an outer one",
      rule: 'ALARM("both") AND NOT OK("other")',
    };
    const { clock, monitor, state } = monitorOf([outer, COMPOSITE_ALARM, ALARM, OTHER]);
    monitor.start();
    clock.advance(MINUTE);
    for (const name of ["kms-errors", "other"]) {
      monitor.setState(name, { value: "ALARM", reason: "a test" });
    }
    expect(state("an outer one")).toBe("ALARM");
  });

  test("stays as it was set until one of them changes", () => {
    const { clock, set, both } = compositeOf();
    clock.advance(MINUTE);
    set("both", "ALARM");
    clock.advance(10 * MINUTE);
    expect(both()).toBe("ALARM");
    set("other", "ALARM");
    expect(both()).toBe("OK");
  });

  test("that a kill left behind catches up", () => {
    const { clock, journal, set } = compositeOf();
    clock.advance(MINUTE);
    set("other", "ALARM");
    clock.advance(SECOND);
    set("kms-errors", "ALARM");
    const upToKill = journal.appended.filter(
      ({ alarmName, record }) => alarmName !== "both" || record?.state.value !== "ALARM",
    );
    const after = compositeOf(undefined, upToKill);
    expect(after.both()).toBe("ALARM");
    expect(after.subjects()).toEqual(['ALARM: "both"']);
  });

  test.each([
    ['ALARM("gone")', /composite alarm both: There is no alarm gone/],
    ["ALARM(kms-errors) AND", /composite alarm both: At character 22 it ends/],
  ])("whose rule is %s stops the lab", (rule, message) => {
    expect(() => compositeOf(rule)).toThrow(message);
  });
});

describe("an alarm on a band", () => {
  test("learns what is usual, then tells of what is not", () => {
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
    expect(email).toContain(STAND_IN);
  });
});
