import { mergeStatistics, type StatisticSet } from "../../cloudwatch/metric.ts";
import type { MetricFilter } from "../../cloudwatch/metric-filter.ts";
import { createDistinctPairs } from "./distinct.ts";
import { metricId } from "./metric-id.ts";
import { type Findings, MATCH_FIELDS } from "./scan.ts";
import { indexFrom } from "./sorted.ts";
import { createWhoTally, type MatchCounter, type Who } from "./who.ts";

/** The values published to a metric in each minute that has values, in order of time. */
export interface Series {
  /** Minutes since the epoch. */
  readonly minutes: readonly number[];
  readonly sets: readonly StatisticSet[];
}

/** The events that a filter matches, without duplicates. */
export interface Matches {
  readonly count: number;
  /** Minutes since the epoch that have matches, in order of time. */
  readonly byMinute: readonly (readonly [minute: number, count: number])[];
}

/** Sums of all findings so far. */
export interface Tally {
  readonly add: (findings: Findings) => void;
  /** @param filter index of the filter */
  readonly matches: (filter: number) => Matches;
  /** Who made the calls that any of the filters matched. @param filters their indices */
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

export interface EventCounts {
  readonly events: number;
  readonly outside: number;
  readonly oversized: number;
  /** Matches not counted because the same event had matched before. */
  readonly copies: number;
  /** Whether copies are counted, because there are too many matches to detect them. */
  readonly countsCopies: boolean;
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

/** Matches of a filter in a minute, and the values they published to one metric. */
interface Sums {
  matches: number;
  published: number;
  sum: number;
  minimum: number;
  maximum: number;
}

interface Cell {
  /** Sums of all deliveries, including copies. */
  readonly delivered: Sums;
  /** Sums of distinct events. */
  readonly distinct: Sums;
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
  const minutes = new Map<number, number>();
  const cells = createCells(filters.length, maxDistinct, countCopies);
  const whoTally = createWhoTally(filters.length);
  const roles = new Map<string, number>();
  const keys = new Map<string, number>();
  const totals = { events: 0, outside: 0, oversized: 0 };
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let timeAxis: TimeAxis | undefined;
  return {
    add: (findings) => {
      timeAxis = undefined;
      totals.events += findings.events;
      totals.outside += findings.outside;
      totals.oversized += findings.oversized;
      first = Math.min(first, findings.first);
      last = Math.max(last, findings.last);
      for (let at = 0; at < findings.minutes.length; at += 2) {
        increase(minutes, findings.minutes[at] ?? 0, findings.minutes[at + 1] ?? 0);
      }
      cells.add(findings.matches, whoTally.counter(findings));
      for (const [arn, count] of findings.roles) increase(roles, arn, count);
      for (const [arn, count] of findings.keys) increase(keys, arn, count);
    },
    matches: (filter) => {
      const byMinute = new Map<number, number>();
      for (const ofMetric of cells.ofFilter(filter).values()) {
        for (const [minute, cell] of ofMetric) {
          increase(byMinute, minute, cells.sumsOf(cell).matches);
        }
      }
      const sorted = byTime(byMinute);
      return { count: sorted.reduce((sum, [, count]) => sum + count, 0), byMinute: sorted };
    },
    who: (indices) => whoTally.of(indices, cells.copies().countsCopies ? "delivered" : "distinct"),
    series: (metric) => {
      timeAxis ??= timeAxisOf(minutes);
      return seriesOf(metric, { filters, id: monitoredMetrics[metric], cells, timeAxis });
    },
    counts: () => ({ ...totals, ...cells.copies() }),
    span: () => (first <= last ? { first, last } : undefined),
    roles: () => byCount(roles),
    keys: () => byCount(keys),
  };
}

/** Cells of a filter by monitored metric (-1: not monitored) and minute. */
type CellsByMetric = ReadonlyMap<number, ReadonlyMap<number, Cell>>;

interface Cells {
  readonly add: (matches: Float64Array, onMatch: MatchCounter) => void;
  readonly ofFilter: (filter: number) => CellsByMetric;
  /** The sums to report: of distinct events, unless there are too many to detect copies. */
  readonly sumsOf: (cell: Cell) => Sums;
  readonly copies: () => Pick<EventCounts, "copies" | "countsCopies">;
}

function createCells(filters: number, maxDistinct: number, countCopies: number): Cells {
  const cells = Array.from({ length: filters }, () => new Map<number, Map<number, Cell>>());
  const distinct = createDistinctPairs(maxDistinct);
  let copies = 0;

  function cellOf(filter: number, metric: number, minute: number): Cell {
    const byMetric = cells[filter] ?? new Map<number, Map<number, Cell>>();
    const byMinute = byMetric.get(metric) ?? new Map<number, Cell>();
    const cell = byMinute.get(minute) ?? { delivered: emptySums(), distinct: emptySums() };
    if (cell.delivered.matches === 0) byMetric.set(metric, byMinute.set(minute, cell));
    return cell;
  }

  return {
    add: (list, onMatch) => {
      for (let at = 0; at < list.length; at += MATCH_FIELDS) {
        const filter = list[at] ?? 0;
        const minute = list[at + 2] ?? 0;
        const value = list[at + 3] ?? Number.NaN;
        const id = list[at + 4] ?? Number.NaN;
        const cell = cellOf(filter, list[at + 1] ?? -1, minute);
        addMatch(cell.delivered, value);
        // An event without an id cannot be recognized as a copy.
        const isNew =
          Number.isNaN(id) ||
          distinct.add(...matchIdentity([id, list[at + 5] ?? 0], filter, minute, value));
        if (isNew) addMatch(cell.distinct, value);
        else if (filter < countCopies) copies++;
        onMatch(filter, list, at + 6, isNew);
      }
    },
    ofFilter: (filter) => cells[filter] ?? new Map(),
    sumsOf: (cell) => (distinct.isFull() ? cell.delivered : cell.distinct),
    copies: () =>
      distinct.isFull() ? { copies: 0, countsCopies: true } : { copies, countsCopies: false },
  };
}

/** The minutes with events in order of time, shared by all series. */
interface TimeAxis {
  readonly minutes: readonly number[];
  /** Number of events by index in `minutes`. */
  readonly events: readonly number[];
}

function timeAxisOf(byMinute: ReadonlyMap<number, number>): TimeAxis {
  const minutes = [...byMinute.keys()].sort((a, b) => a - b);
  return { minutes, events: minutes.map((minute) => byMinute.get(minute) ?? 0) };
}

function seriesOf(
  metric: number,
  tallied: {
    readonly filters: readonly MetricFilter[];
    readonly id: string | undefined;
    readonly cells: Cells;
    readonly timeAxis: TimeAxis;
  },
): Series {
  const { filters, id, cells, timeAxis } = tallied;
  const { minutes, events } = timeAxis;
  const sets: (StatisticSet | undefined)[] = new Array(minutes.length).fill(undefined);
  const merge = createMerge();
  for (const [filter, { transformation }] of filters.entries()) {
    const ofFilter = cells.ofFilter(filter);
    for (const [minute, cell] of ofFilter.get(metric) ?? []) {
      const { published: sampleCount, sum, minimum, maximum } = cells.sumsOf(cell);
      if (sampleCount === 0) continue;
      const index = indexFrom(minutes, minute);
      sets[index] = mergeStatistics(sets[index], { sum, sampleCount, minimum, maximum });
    }
    const { metricNamespace: namespace, metricName: name, defaultValue: value } = transformation;
    if (value === undefined || metricId({ namespace, name, dimensions: {} }) !== id) continue;
    const matched = matchesByIndex(ofFilter, minutes);
    for (let index = 0; index < events.length; index++) {
      const unmatched = (events[index] ?? 0) - (matched.get(index) ?? 0);
      if (unmatched > 0) sets[index] = merge(sets[index], value, unmatched);
    }
  }
  if (sets.every((set) => set !== undefined)) return { minutes, sets };
  return {
    minutes: minutes.filter((_, index) => sets[index] !== undefined),
    sets: sets.filter((set) => set !== undefined),
  };
}

/**
 * Returns a function that adds a number of equal values to a set. Gives equal arguments the same object: a
 * year has half a million minutes, and most of them have nothing but default values.
 */
function createMerge() {
  const known = new Map<StatisticSet | undefined, Map<number, Map<number, StatisticSet>>>();
  return (set: StatisticSet | undefined, value: number, count: number): StatisticSet => {
    const byValue = known.get(set) ?? new Map<number, Map<number, StatisticSet>>();
    const byCount = byValue.get(value) ?? new Map<number, StatisticSet>();
    const existing = byCount.get(count);
    if (existing !== undefined) return existing;
    const added = { sum: value * count, sampleCount: count, minimum: value, maximum: value };
    const merged = mergeStatistics(set, added);
    known.set(set, byValue.set(value, byCount.set(count, merged)));
    return merged;
  };
}

/** Number of deliveries that a filter matched, by index in the minutes. */
function matchesByIndex(
  ofFilter: CellsByMetric,
  minutes: readonly number[],
): ReadonlyMap<number, number> {
  const matches = new Map<number, number>();
  for (const byMinute of ofFilter.values()) {
    for (const [minute, { delivered }] of byMinute) {
      increase(matches, indexFrom(minutes, minute), delivered.matches);
    }
  }
  return matches;
}

function emptySums(): Sums {
  const [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { matches: 0, published: 0, sum: 0, minimum, maximum };
}

/** @param value NaN: the match published nothing */
function addMatch(sums: Sums, value: number): void {
  sums.matches++;
  if (Number.isNaN(value)) return;
  sums.published++;
  sums.sum += value;
  sums.minimum = Math.min(sums.minimum, value);
  sums.maximum = Math.max(sums.maximum, value);
}

function increase<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function byTime<Value>(byMinute: ReadonlyMap<number, Value>): (readonly [number, Value])[] {
  return [...byMinute].sort(([a], [b]) => a - b);
}

function byCount(counts: ReadonlyMap<string, number>): readonly KeyUse[] {
  return [...counts]
    .map(([arn, count]) => ({ arn, count }))
    .sort((a, b) => b.count - a.count || (a.arn < b.arn ? -1 : 1));
}

const bits = new DataView(new ArrayBuffer(8));

/** Mixes an event's identity with what it contributes: an event may match several filters. */
function matchIdentity(
  [first, second]: readonly [number, number],
  filter: number,
  minute: number,
  value: number,
): [number, number] {
  bits.setFloat64(0, value);
  const salt = Math.imul(filter + 1, 0x9e3779b1) ^ Math.imul(minute, 0x85ebca77);
  return [
    (first ^ salt ^ bits.getUint32(0)) >>> 0,
    (Math.imul(second ^ salt, 0xc2b2ae3d) ^ bits.getUint32(4)) >>> 0,
  ];
}
