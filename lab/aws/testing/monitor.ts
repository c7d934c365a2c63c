import { vi } from "vitest";
import type { Alarm } from "../../../cloudwatch/alarm/alarm.ts";
import type { Notification } from "../../../cloudwatch/alarm/notification.ts";
import { statisticSet } from "../../../cloudwatch/metric.ts";
import { ACCOUNT, ALARM } from "../../../cloudwatch/testing/fixtures.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import type { AlarmsEntry } from "../cloudwatch/alarms/alarm-store.ts";
import { createMonitor } from "../cloudwatch/alarms/monitor.ts";
import { createMetrics, type MetricsEntry } from "../cloudwatch/metrics/metrics.ts";
import { NOON } from "./cloudwatch.ts";

export const SECOND = 1000;

export function monitorOf(
  alarms: readonly Alarm[],
  entries: readonly AlarmsEntry[] = [],
  start = NOON,
) {
  const clock = manualClock(start);
  const metrics = createMetrics({ clock, journal: memoryJournal<MetricsEntry>() });
  const journal = memoryJournal(entries);
  const notify = vi.fn<(topicArn: string, notification: Notification) => void>();
  const monitor = createMonitor({ clock, ...ACCOUNT, alarms, metrics, notify, journal });
  /** Publishes a value of the metric of ALARM. */
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
