import type { Statistic } from "./alarm/alarm.ts";

/** Identifies a metric: namespace, name and the exact set of dimensions. */
export interface MetricKey {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface StatisticSet {
  readonly sum: number;
  readonly sampleCount: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface MetricDatum extends MetricKey, StatisticSet {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** A CloudWatch unit; `None` if unspecified. */
  readonly unit: string;
  /** Stored at a resolution of one second (StorageResolution 1) instead of one minute. */
  readonly highResolution: boolean;
}

/** Computes each statistic from a statistic set. */
export const statisticOf: Readonly<Record<Statistic, (set: StatisticSet) => number>> = {
  Sum: ({ sum }) => sum,
  SampleCount: ({ sampleCount }) => sampleCount,
  Minimum: ({ minimum }) => minimum,
  Maximum: ({ maximum }) => maximum,
  Average: ({ sum, sampleCount }) => sum / sampleCount,
};

/**
 * Aggregates values into a statistic set.
 * @param counts how many times each value occurred; defaults to once each
 * @throws RangeError if there are no values
 */
export function statisticSet(values: readonly number[], counts?: readonly number[]): StatisticSet {
  let set: StatisticSet | undefined;
  values.forEach((value, index) => {
    const sampleCount = counts?.[index] ?? 1;
    set = mergeStatistics(set, {
      sum: value * sampleCount,
      sampleCount,
      minimum: value,
      maximum: value,
    });
  });
  if (set === undefined)
    throw new RangeError("A statistic set needs at least one value; received none.");
  return set;
}

export function mergeStatistics(a: StatisticSet | undefined, b: StatisticSet): StatisticSet {
  if (a === undefined) return toStatisticSet(b);
  return {
    sum: a.sum + b.sum,
    sampleCount: a.sampleCount + b.sampleCount,
    minimum: Math.min(a.minimum, b.minimum),
    maximum: Math.max(a.maximum, b.maximum),
  };
}

/** Picks the statistic set out of a larger object, such as a datum. */
export function toStatisticSet({ sum, sampleCount, minimum, maximum }: StatisticSet): StatisticSet {
  return { sum, sampleCount, minimum, maximum };
}
