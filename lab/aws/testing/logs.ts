import type { MetricFilter } from "../../../cloudwatch/metric-filter.ts";
import { ACCOUNT, FILTER, LOG_GROUP } from "../../../cloudwatch/testing/fixtures.ts";
import type { DeployedLogGroup } from "../../../terraform/deployment.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { createMetrics, type MetricsEntry } from "../cloudwatch/metrics/metrics.ts";
import { createLogs } from "../logs/logs.ts";
import type { LogsEntry } from "../logs/store.ts";
import type { Call } from "../shared/operation.ts";

export const NOON = Date.parse("2026-11-20T12:00:00Z");
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function logsWith({
  logGroups = [LOG_GROUP],
  metricFilters = [FILTER],
  entries = [],
}: {
  readonly logGroups?: readonly DeployedLogGroup[];
  readonly metricFilters?: readonly MetricFilter[];
  readonly entries?: readonly LogsEntry[];
} = {}) {
  const clock = manualClock(NOON);
  const metrics = createMetrics({ clock, journal: memoryJournal<MetricsEntry>() });
  const journal = memoryJournal(entries);
  const logs = createLogs({ clock, ...ACCOUNT, logGroups, metricFilters, metrics, journal });
  const call = (operation: string, input: unknown) => {
    const run = logs.operations[operation];
    if (run === undefined) throw new Error(`no operation ${operation}`);
    return run(input, {} as Call) as { readonly [member: string]: never };
  };
  return { clock, metrics, logs, journal, call };
}

/** Returns events at these minutes after noon, each with the message `minute N`. */
export const eventsAt = (...minutes: readonly number[]) =>
  minutes.map((minute) => ({ timestamp: NOON + minute * MINUTE, message: `minute ${minute}` }));
