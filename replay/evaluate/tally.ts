import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { type CopyCounts, createCells } from "./cells.ts";
import { type CountsByMinute, createMinuteCounter } from "./counts.ts";
import type { Findings } from "./scan.ts";
import { createSeries, type Series } from "./series.ts";
import { createWhoTally, type Who } from "./who.ts";

/** The events that a filter matches, without duplicates. */
export interface Matches extends CountsByMinute {
  /** In all minutes. */
  readonly count: number;
}

/** Sums of all findings so far. */
export interface Tally {
  readonly add: (findings: Findings) => void;
  /** @param filter index of the filter */
  readonly matches: (filter: number) => Matches;
  /** Returns the callers of the events that any of the filters matched. @param filters their indices */
  readonly who: (filters: readonly number[]) => Who;
  /** @param metric index of the monitored metric */
  readonly series: (metric: number) => Series;
  readonly counts: () => EventCounts;
  /** Milliseconds since the epoch of the first and last event; undefined if there are no events. */
  readonly span: () => Span | undefined;
  /** Roles that call KMS, the most frequent first. */
  readonly roles: () => readonly KeyUse[];
  /** KMS keys in use, the most frequent first. */
  readonly keys: () => readonly KeyUse[];
}

export interface EventCounts extends CopyCounts {
  readonly events: number;
  readonly outside: number;
  readonly oversized: number;
}

/** Milliseconds since the epoch. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** Number of KMS calls by a role or with a key. */
export interface KeyUse {
  readonly arn: string;
  readonly count: number;
}

/** Four million matches take 64 MB, and half as much again while the set grows. */
const MAX_DISTINCT = 4_000_000;

interface TallyOptions {
  /** Number of distinct matches to remember. */
  readonly maxDistinct?: number;
  /** Number of filters, from the first, whose duplicate matches to count. */
  readonly countCopies?: number;
}

/**
 * Sums up the findings of all workers. The result does not depend on their order. A filter counts an event
 * once, however often it was delivered. The default value of a metric is published for each delivery of an
 * event that does not match, which makes no difference while it is 0.
 */
export function createTally(
  filters: readonly MetricFilter[],
  monitoredMetrics: readonly string[],
  { maxDistinct = MAX_DISTINCT, countCopies = filters.length }: TallyOptions = {},
): Tally {
  const eventsByMinute = createMinuteCounter();
  const cells = createCells(filters.length, maxDistinct, countCopies);
  const whoTally = createWhoTally(filters.length);
  const roles = new Map<string, number>();
  const keys = new Map<string, number>();
  const totals = { events: 0, outside: 0, oversized: 0 };
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let seriesOf: ReturnType<typeof createSeries> | undefined;
  return {
    add: (findings) => {
      seriesOf = undefined;
      totals.events += findings.events;
      totals.outside += findings.outside;
      totals.oversized += findings.oversized;
      first = Math.min(first, findings.first);
      last = Math.max(last, findings.last);
      const { minutes, counts } = findings.minutes;
      for (let at = 0; at < minutes.length; at++) {
        eventsByMinute.add(minutes[at] ?? 0, counts[at] ?? 0);
      }
      cells.add(findings.matches, whoTally.counter(findings));
      for (const [arn, count] of findings.roles) increase(roles, arn, count);
      for (const [arn, count] of findings.keys) increase(keys, arn, count);
    },
    matches: (filter) => {
      const byMinute = createMinuteCounter();
      cells.visit(filter, (_, minute, sums) => byMinute.add(minute, sums.matches));
      return matchesOf(byMinute.sorted());
    },
    who: (indices) => whoTally.of(indices, cells.copies().countsCopies ? "delivered" : "distinct"),
    series: (metric) => {
      seriesOf ??= createSeries({ filters, cells, events: eventsByMinute.sorted() });
      return seriesOf(metric, monitoredMetrics[metric]);
    },
    counts: () => ({ ...totals, ...cells.copies() }),
    span: () => (first <= last ? { first, last } : undefined),
    roles: () => byCount(roles),
    keys: () => byCount(keys),
  };
}

export function matchesOf(byMinute: CountsByMinute): Matches {
  return { count: byMinute.counts.reduce((sum, count) => sum + count, 0), ...byMinute };
}

function increase<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function byCount(counts: ReadonlyMap<string, number>): readonly KeyUse[] {
  return [...counts]
    .map(([arn, count]) => ({ arn, count }))
    .sort((a, b) => b.count - a.count || (a.arn < b.arn ? -1 : 1));
}
