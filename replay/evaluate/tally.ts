import type { StatisticSet } from "../../cloudwatch/metric.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { createDistinct } from "./distinct.ts";
import { metricId } from "./metric-id.ts";
import { type Findings, MATCH_FIELDS } from "./scan.ts";

/** What was published to a metric in each minute that had any, in order of time. */
export interface Series {
  /** Minutes since the epoch. */
  readonly minutes: readonly number[];
  readonly sets: readonly StatisticSet[];
}

/** Matches of a filter, each event once. */
export interface Matches {
  readonly count: number;
  /** Minutes since the epoch with their matches, in order of time. */
  readonly byMinute: readonly (readonly [minute: number, count: number])[];
}

export interface Tally {
  readonly add: (findings: Findings) => void;
  readonly matches: (filter: number) => Matches;
  /** Of a watched metric. */
  readonly series: (watched: number) => Series;
  readonly events: () => number;
  readonly outside: () => number;
  readonly oversized: () => number;
  /** Matches that were left out because the same event had come before. */
  readonly copies: () => number;
  /** There were too many matches to tell copies: all were counted as they came. */
  readonly countsCopies: () => boolean;
  /** Milliseconds since the epoch, of the first and the last event; undefined when there was none. */
  readonly span: () => { readonly first: number; readonly last: number } | undefined;
  /** Who uses KMS, the most frequent first. */
  readonly roles: () => readonly Use[];
  readonly keys: () => readonly Use[];
}

export interface Use {
  readonly arn: string;
  readonly count: number;
}

/** Room for four million matches takes 64 MB; growing up to there, half as much again. */
const MOST_DISTINCT = 4_000_000;

/** Matches of a filter in a minute, and what they published to one metric. */
interface Sums {
  matches: number;
  published: number;
  sum: number;
  minimum: number;
  maximum: number;
}

interface Cell {
  /** As they came, copies and all. */
  readonly delivered: Sums;
  /** Each event once. */
  readonly distinct: Sums;
}

/**
 * Sums up what the workers found, in whatever order it comes: the outcome is the same. An event counts
 * once for a filter however often it was delivered; as to what is published for events that do not match,
 * each delivery counts, which changes no sum of zeros.
 */
export function createTally(
  filters: readonly MetricFilter[],
  watched: readonly string[],
  mostDistinct = MOST_DISTINCT,
): Tally {
  const minutes = new Map<number, number>();
  /** By filter, by watched metric (-1: none), by minute. */
  const cells = filters.map(() => new Map<number, Map<number, Cell>>());
  const distinct = createDistinct(mostDistinct);
  const roles = new Map<string, number>();
  const keys = new Map<string, number>();
  let events = 0;
  let outside = 0;
  let oversized = 0;
  let copies = 0;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;

  function cellOf(filter: number, metric: number, minute: number): Cell {
    const byMetric = cells[filter] ?? new Map<number, Map<number, Cell>>();
    const byMinute = byMetric.get(metric) ?? new Map<number, Cell>();
    const cell = byMinute.get(minute) ?? { delivered: noSums(), distinct: noSums() };
    if (cell.delivered.matches === 0) byMetric.set(metric, byMinute.set(minute, cell));
    return cell;
  }

  function addMatches(list: Float64Array): void {
    for (let at = 0; at < list.length; at += MATCH_FIELDS) {
      const filter = list[at] ?? 0;
      const minute = list[at + 2] ?? 0;
      const value = list[at + 3] ?? Number.NaN;
      const one = list[at + 4] ?? Number.NaN;
      const cell = cellOf(filter, list[at + 1] ?? -1, minute);
      publish(cell.delivered, value);
      // An event without an id is none that came before.
      const id = Number.isNaN(one)
        ? undefined
        : mixed(one, list[at + 5] ?? 0, filter, minute, value);
      if (id === undefined || distinct.add(...id)) publish(cell.distinct, value);
      else copies++;
    }
  }

  const counted = (cell: Cell) => (distinct.isFull() ? cell.delivered : cell.distinct);

  return {
    add: (findings) => {
      events += findings.events;
      outside += findings.outside;
      oversized += findings.oversized;
      first = Math.min(first, findings.first);
      last = Math.max(last, findings.last);
      for (let at = 0; at < findings.minutes.length; at += 2) {
        add(minutes, findings.minutes[at] ?? 0, findings.minutes[at + 1] ?? 0);
      }
      addMatches(findings.matches);
      for (const [arn, uses] of findings.roles) add(roles, arn, uses);
      for (const [arn, uses] of findings.keys) add(keys, arn, uses);
    },
    matches: (filter) => {
      const byMinute = new Map<number, number>();
      for (const ofMetric of cells[filter]?.values() ?? []) {
        for (const [minute, cell] of ofMetric) add(byMinute, minute, counted(cell).matches);
      }
      const sorted = inOrder(byMinute);
      return { count: sorted.reduce((sum, [, count]) => sum + count, 0), byMinute: sorted };
    },
    series: (index) => {
      const id = watched[index];
      const sets = new Map<number, StatisticSet>();
      for (const [filter, ofFilter] of cells.entries()) {
        for (const [minute, cell] of ofFilter.get(index) ?? []) {
          const { published: sampleCount, sum, minimum, maximum } = counted(cell);
          if (sampleCount > 0) merge(sets, minute, { sum, sampleCount, minimum, maximum });
        }
        const { transformation } = filters[filter] ?? {};
        const value = transformation?.defaultValue;
        if (transformation === undefined || value === undefined) continue;
        const { metricNamespace: namespace, metricName: name } = transformation;
        if (metricId({ namespace, name, dimensions: {} }) !== id) continue;
        for (const [minute, count] of minutes) {
          let unmatched = count;
          for (const ofMetric of ofFilter.values())
            unmatched -= ofMetric.get(minute)?.delivered.matches ?? 0;
          if (unmatched === 0) continue;
          const set = { sum: value * unmatched, sampleCount: unmatched };
          merge(sets, minute, { ...set, minimum: value, maximum: value });
        }
      }
      const sorted = inOrder(sets);
      return { minutes: sorted.map(([minute]) => minute), sets: sorted.map(([, set]) => set) };
    },
    events: () => events,
    outside: () => outside,
    oversized: () => oversized,
    copies: () => (distinct.isFull() ? 0 : copies),
    countsCopies: () => distinct.isFull(),
    span: () => (first <= last ? { first, last } : undefined),
    roles: () => byCount(roles),
    keys: () => byCount(keys),
  };
}

function noSums(): Sums {
  const [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { matches: 0, published: 0, sum: 0, minimum, maximum };
}

/** @param value NaN: the match published nothing */
function publish(sums: Sums, value: number): void {
  sums.matches++;
  if (Number.isNaN(value)) return;
  sums.published++;
  sums.sum += value;
  sums.minimum = Math.min(sums.minimum, value);
  sums.maximum = Math.max(sums.maximum, value);
}

function add<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function merge(sets: Map<number, StatisticSet>, minute: number, set: StatisticSet): void {
  const present = sets.get(minute);
  sets.set(
    minute,
    present === undefined
      ? set
      : {
          sum: present.sum + set.sum,
          sampleCount: present.sampleCount + set.sampleCount,
          minimum: Math.min(present.minimum, set.minimum),
          maximum: Math.max(present.maximum, set.maximum),
        },
  );
}

function inOrder<Value>(byMinute: ReadonlyMap<number, Value>): (readonly [number, Value])[] {
  return [...byMinute].sort(([a], [b]) => a - b);
}

function byCount(counts: ReadonlyMap<string, number>): readonly Use[] {
  return [...counts]
    .map(([arn, count]) => ({ arn, count }))
    .sort((a, b) => b.count - a.count || (a.arn < b.arn ? -1 : 1));
}

const bits = new DataView(new ArrayBuffer(8));

/** One event may match several filters: each of its contributions is told apart, whatever the order. */
function mixed(
  one: number,
  other: number,
  filter: number,
  minute: number,
  value: number,
): [number, number] {
  bits.setFloat64(0, value);
  const salt = Math.imul(filter + 1, 0x9e3779b1) ^ Math.imul(minute, 0x85ebca77);
  return [
    (one ^ salt ^ bits.getUint32(0)) >>> 0,
    (Math.imul(other ^ salt, 0xc2b2ae3d) ^ bits.getUint32(4)) >>> 0,
  ];
}
