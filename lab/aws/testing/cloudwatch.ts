import type { Alarm } from "../../../cloudwatch/alarm/alarm.ts";
import { ACCOUNT, ALARM } from "../../../cloudwatch/testing/fixtures.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { createCloudWatch } from "../cloudwatch/cloudwatch.ts";
import { createMetrics, type MetricsEntry } from "../cloudwatch/metrics/metrics.ts";
import type { Call } from "../shared/operation.ts";

export const NOON = Date.parse("2026-11-20T12:00:00Z");
export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

export function cloudWatchWith(alarms: readonly Alarm[] = [ALARM]) {
  const clock = manualClock(NOON);
  const metrics = createMetrics({ clock, journal: memoryJournal<MetricsEntry>() });
  const cloudWatch = createCloudWatch({
    clock,
    ...ACCOUNT,
    alarms,
    metrics,
    notify: () => {},
    journal: memoryJournal(),
  });
  const call = <Output = Readonly<Record<string, unknown>>>(operation: string, input: unknown) =>
    cloudWatch.operations[operation]?.(input, {} as Call) as Output;
  const put = (datum: object, Namespace = "Example") =>
    call("PutMetricData", { Namespace, MetricData: [{ MetricName: "Decrypts", ...datum }] });
  return { clock, metrics, cloudWatch, call, put };
}
