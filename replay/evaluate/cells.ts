import { createDistinctPairs } from "./distinct.ts";
import { MATCH_FIELDS } from "./scan.ts";
import type { MatchCounter } from "./who.ts";

/** Matches of a filter in a minute, and the values that they published to one metric. */
export interface Sums {
  /** Matches of all deliveries, including copies. */
  readonly deliveries: number;
  /** The following are of distinct events, unless there are too many to detect copies. */
  readonly matches: number;
  readonly published: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface CopyCounts {
  /** Number of matches that are not counted because the same event matched before. */
  readonly copies: number;
  /** Whether copies are counted, because there are too many matches to detect them. */
  readonly countsCopies: boolean;
}

/** Sums of the matches of each filter by metric and minute. */
export interface Cells {
  /** @param matches `MATCH_FIELDS` numbers per match */
  readonly add: (matches: Float64Array, onMatch: MatchCounter) => void;
  /**
   * Visits each minute with matches of a filter, for each metric (-1: not monitored) that they published to.
   * @param only visits this metric alone
   */
  readonly visit: (
    filter: number,
    visit: (metric: number, minute: number, sums: Sums) => void,
    only?: number,
  ) => void;
  /** Whether a filter has matches; with `metric`, that published to it. */
  readonly has: (filter: number, metric?: number) => boolean;
  readonly copies: () => CopyCounts;
}

/**
 * @param maxDistinct number of distinct matches to remember
 * @param countCopies number of filters, from the first, whose duplicate matches to count
 */
export function createCells(filters: number, maxDistinct: number, countCopies: number): Cells {
  const tables = Array.from({ length: filters }, () => new Map<number, SumsTable>());
  const distinct = createDistinctPairs(maxDistinct);
  let copies = 0;

  function tableOf(filter: number, metric: number): SumsTable {
    const byMetric = tables[filter] ?? new Map<number, SumsTable>();
    const table = byMetric.get(metric) ?? createSumsTable();
    byMetric.set(metric, table);
    return table;
  }

  return {
    add: (list, onMatch) => {
      for (let at = 0; at < list.length; at += MATCH_FIELDS) {
        const filter = list[at] ?? 0;
        const minute = list[at + 2] ?? 0;
        const value = list[at + 3] ?? Number.NaN;
        const id = list[at + 4] ?? Number.NaN;
        // An event without an id cannot be recognized as a copy.
        const isNew =
          Number.isNaN(id) ||
          distinct.add(...matchIdentity([id, list[at + 5] ?? 0], filter, minute, value));
        tableOf(filter, list[at + 1] ?? -1).add(minute, value, isNew);
        if (!isNew && filter < countCopies) copies++;
        onMatch(filter, list, at + 6, isNew);
      }
    },
    visit: (filter, visit, only) => {
      const isDistinct = !distinct.isFull();
      for (const [metric, table] of tables[filter] ?? []) {
        if (only !== undefined && metric !== only) continue;
        table.visit(isDistinct, (minute, sums) => visit(metric, minute, sums));
      }
    },
    has: (filter, metric) => {
      const byMetric = tables[filter];
      return metric === undefined ? (byMetric?.size ?? 0) > 0 : byMetric?.has(metric) === true;
    },
    copies: () =>
      distinct.isFull() ? { copies: 0, countsCopies: true } : { copies, countsCopies: false },
  };
}

/** Sums by minute in flat memory. */
interface SumsTable {
  /** @param value NaN: the match published nothing */
  readonly add: (minute: number, value: number, isNew: boolean) => void;
  /** @param isDistinct whether to report the sums of distinct events or of all deliveries */
  readonly visit: (isDistinct: boolean, visit: (minute: number, sums: Sums) => void) => void;
}

/** Numbers per minute for all deliveries, followed by as many for distinct events. */
const FIELDS = 5;
const [MATCHES, PUBLISHED, SUM, MINIMUM, MAXIMUM] = [0, 1, 2, 3, 4] as const;

function createSumsTable(): SumsTable {
  const slots = new Map<number, number>();
  let data = new Float64Array(16 * 2 * FIELDS);

  function slotOf(minute: number): number {
    const known = slots.get(minute);
    if (known !== undefined) return known;
    const slot = slots.size * 2 * FIELDS;
    if (slot === data.length) {
      const grown = new Float64Array(data.length * 2);
      grown.set(data);
      data = grown;
    }
    slots.set(minute, slot);
    return slot;
  }

  return {
    add: (minute, value, isNew) => {
      const slot = slotOf(minute);
      addMatch(data, slot, value);
      if (isNew) addMatch(data, slot + FIELDS, value);
    },
    visit: (isDistinct, visit) => {
      for (const [minute, slot] of slots) {
        const at = isDistinct ? slot + FIELDS : slot;
        visit(minute, {
          deliveries: data[slot + MATCHES] ?? 0,
          matches: data[at + MATCHES] ?? 0,
          published: data[at + PUBLISHED] ?? 0,
          sum: data[at + SUM] ?? 0,
          minimum: data[at + MINIMUM] ?? 0,
          maximum: data[at + MAXIMUM] ?? 0,
        });
      }
    },
  };
}

function addMatch(data: Float64Array, at: number, value: number): void {
  data[at + MATCHES] = (data[at + MATCHES] ?? 0) + 1;
  if (Number.isNaN(value)) return;
  const published = data[at + PUBLISHED] ?? 0;
  data[at + PUBLISHED] = published + 1;
  data[at + SUM] = (data[at + SUM] ?? 0) + value;
  data[at + MINIMUM] = published === 0 ? value : Math.min(data[at + MINIMUM] ?? 0, value);
  data[at + MAXIMUM] = published === 0 ? value : Math.max(data[at + MAXIMUM] ?? 0, value);
}

const bits = new DataView(new ArrayBuffer(8));

/** Combines an event's identity with the filter, minute and value, because an event may match several filters. */
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
