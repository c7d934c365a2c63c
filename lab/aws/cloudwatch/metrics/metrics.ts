import {
  type MetricDatum,
  type MetricKey,
  mergeStatistics,
  type StatisticSet,
  toStatisticSet,
} from "../../../../cloudwatch/metric.ts";
import type { Clock } from "../../../state/clock.ts";
import type { Journal } from "../../../state/journal.ts";

export interface Datapoint extends StatisticSet {
  /** The start of the period, in epoch milliseconds. */
  readonly timestamp: number;
  readonly unit: string;
}

export interface ListedMetric extends MetricKey {
  /** When data last arrived, in epoch milliseconds. */
  readonly updatedAt: number;
}

export interface Period {
  /** Epoch milliseconds, inclusive. */
  readonly start: number;
  /** Epoch milliseconds, exclusive. */
  readonly end: number;
}

export interface Metrics {
  readonly put: (data: readonly MetricDatum[]) => void;
  /** Returns the statistics of all data of a period in any unit, or undefined if there is none. */
  readonly total: (key: MetricKey, period: Period) => StatisticSet | undefined;
  /**
   * Returns the datapoints of a range, oldest first: one for each unit in each period of `seconds` that
   * has data.
   */
  readonly statistics: (
    key: MetricKey,
    range: Period & { readonly seconds: number; readonly unit?: string | undefined },
  ) => readonly Datapoint[];
  /** Returns the metrics that have data, sorted by namespace, name and dimensions. */
  readonly list: () => readonly ListedMetric[];
}

/** A journal entry: the data of one `put`, aggregated by minute or second, and when it arrived. */
export interface MetricsEntry {
  readonly at: number;
  readonly data: readonly MetricDatum[];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Keeps high-resolution data for 3 hours and data by the minute for 15 days, as AWS does. */
const KEPT_BY_SECOND = 3 * HOUR;
const KEPT = 15 * DAY;
const MAX_METRICS = 5_000;

export const notModelled: readonly string[] = [
  "Metrics are kept for 15 days at a resolution of a minute. AWS also keeps data aggregated to 5 minutes and 1 hour, for up to 15 months.",
];

interface Bucket extends StatisticSet {
  readonly start: number;
  readonly unit: string;
}

interface Series {
  readonly key: MetricKey;
  /** Sorted by time. */
  buckets: Bucket[];
  updatedAt: number;
  /** Data before this time was merged from seconds into minutes. */
  mergedUntil: number;
}

/**
 * Holds metric data as statistic sets, by the second for high-resolution data and otherwise by the
 * minute. Replays the journal on creation.
 */
export function createMetrics({
  clock,
  journal,
}: {
  readonly clock: Clock;
  readonly journal: Journal<MetricsEntry>;
}): Metrics {
  const metrics = new Map<string, Series>();
  for (const { at, data } of journal.entries) store(at, data);

  function store(at: number, data: readonly MetricDatum[]): void {
    for (const datum of data) {
      const id = identity(datum);
      const { namespace, name, dimensions } = datum;
      const series = metrics.get(id) ?? {
        key: { namespace, name, dimensions },
        buckets: [],
        updatedAt: at,
        mergedUntil: at,
      };
      // Move the metric to the end, because the metrics at the beginning are dropped first.
      metrics.delete(id);
      metrics.set(id, series);
      series.updatedAt = at;
      add(series.buckets, { ...toStatisticSet(datum), start: datum.timestamp, unit: datum.unit });
      prune(series, at);
    }
    for (const id of metrics.keys()) {
      if (metrics.size <= MAX_METRICS) break;
      metrics.delete(id);
    }
  }

  return {
    put: (data) => {
      if (data.length === 0) return;
      const entry = { at: clock.now(), data: byBucket(data) };
      journal.append(entry);
      store(entry.at, entry.data);
    },
    total: (key, period) => {
      let total: StatisticSet | undefined;
      for (const bucket of bucketsIn(metrics.get(identity(key)), period)) {
        total = mergeStatistics(total, bucket);
      }
      return total;
    },
    statistics: (key, { start, end, seconds, unit }) => {
      const datapoints = new Map<string, Datapoint>();
      for (const bucket of bucketsIn(metrics.get(identity(key)), { start, end })) {
        if (unit !== undefined && bucket.unit !== unit) continue;
        const timestamp = bucket.start - ((bucket.start - start) % (seconds * SECOND));
        const id = `${timestamp} ${bucket.unit}`;
        const merged = mergeStatistics(datapoints.get(id), bucket);
        datapoints.set(id, { ...merged, timestamp, unit: bucket.unit });
      }
      return [...datapoints.values()];
    },
    list: () =>
      [...metrics.entries()]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { key, updatedAt }]) => ({ ...key, updatedAt })),
  };
}

function identity({ namespace, name, dimensions }: MetricKey): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
}

/** Aggregates data by the minute or second of each metric. */
function byBucket(data: readonly MetricDatum[]): readonly MetricDatum[] {
  const sums = new Map<string, MetricDatum>();
  for (const datum of data) {
    const timestamp = floor(datum.timestamp, datum.highResolution ? SECOND : MINUTE);
    const id = `${identity(datum)} ${timestamp} ${datum.unit} ${datum.highResolution}`;
    sums.set(id, { ...datum, timestamp, ...mergeStatistics(sums.get(id), datum) });
  }
  return [...sums.values()];
}

/** Merges a bucket into a sorted list. */
function add(buckets: Bucket[], bucket: Bucket): void {
  const from = firstAt(buckets, bucket.start);
  let index = from;
  while (buckets[index]?.start === bucket.start && buckets[index]?.unit !== bucket.unit) index++;
  const same = buckets[index];
  if (same?.start === bucket.start) buckets[index] = { ...same, ...mergeStatistics(same, bucket) };
  else buckets.splice(index, 0, bucket);
}

/** Drops expired buckets, and merges seconds older than three hours into minutes. */
function prune(series: Series, now: number): void {
  const expired = firstAt(series.buckets, now - KEPT);
  if (expired > 0) series.buckets.splice(0, expired);
  const until = floor(now - KEPT_BY_SECOND, MINUTE);
  if (until < series.mergedUntil + HOUR) return;
  const old = series.buckets.splice(0, firstAt(series.buckets, until));
  const minutes: Bucket[] = [];
  for (const bucket of old) add(minutes, { ...bucket, start: floor(bucket.start, MINUTE) });
  series.buckets = [...minutes, ...series.buckets];
  series.mergedUntil = until;
}

function bucketsIn(series: Series | undefined, { start, end }: Period): readonly Bucket[] {
  if (series === undefined) return [];
  return series.buckets.slice(firstAt(series.buckets, start), firstAt(series.buckets, end));
}

/** Returns the index of the first bucket at or after `time`. */
function firstAt(buckets: readonly Bucket[], time: number): number {
  let low = 0;
  let high = buckets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((buckets[middle]?.start ?? Number.POSITIVE_INFINITY) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

const floor = (time: number, step: number) => time - (time % step);
