import type { Statistic } from "./alarm/alarm.ts";

/** A metric is its namespace, its name and exactly these dimensions. */
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
  /** A CloudWatch unit; `None` where nothing was said. */
  readonly unit: string;
  /** Kept by the second, not by the minute: a StorageResolution of 1. */
  readonly highResolution: boolean;
}

export const statisticOf: Readonly<Record<Statistic, (set: StatisticSet) => number>> = {
  Sum: ({ sum }) => sum,
  SampleCount: ({ sampleCount }) => sampleCount,
  Minimum: ({ minimum }) => minimum,
  Maximum: ({ maximum }) => maximum,
  Average: ({ sum, sampleCount }) => sum / sampleCount,
};

/** @param counts how often each value was seen; once each when left out */
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
  if (set === undefined) throw new RangeError("A statistic set needs a value; it was given none.");
  return set;
}

export function mergeStatistics(one: StatisticSet | undefined, other: StatisticSet): StatisticSet {
  if (one === undefined) return toStatisticSet(other);
  return {
    sum: one.sum + other.sum,
    sampleCount: one.sampleCount + other.sampleCount,
    minimum: Math.min(one.minimum, other.minimum),
    maximum: Math.max(one.maximum, other.maximum),
  };
}

export function toStatisticSet({ sum, sampleCount, minimum, maximum }: StatisticSet): StatisticSet {
  return { sum, sampleCount, minimum, maximum };
}
