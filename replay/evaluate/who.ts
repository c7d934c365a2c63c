import {
  type Caller,
  createEarliestEvents,
  type EarliestEvents,
  type MatchedEvent,
} from "./caller.ts";
import type { Findings } from "./scan.ts";

/** The callers of the events that a detection matched. */
export interface Who {
  readonly principals: CallerTotals;
  /** Excludes calls by users, AWS services and other accounts, which have no role. */
  readonly roles: CallerTotals;
  readonly addresses: CallerTotals;
  /** The earliest matches, at most `EVENTS_LISTED`, in order of time. */
  readonly events: readonly MatchedEvent[];
}

export interface CallerTotals {
  /** The most frequent, at most `TOTALS_LISTED`, the most frequent first. */
  readonly top: readonly { readonly value: string; readonly count: number }[];
  /** Number of different values. */
  readonly distinct: number;
}

const TOTALS_LISTED = 100;

/**
 * Maximum number of different callers, roles and addresses that all detections together remember. Calls by others
 * count as `OTHERS`. An entry takes about 200 bytes.
 */
const MAX_VALUES = 100_000;
export const OTHERS = "(others)";

const KINDS = ["principal", "role", "address"] as const satisfies readonly (keyof Caller)[];

/** Number of matches by a caller, counting all deliveries, and counting distinct events. */
interface Count {
  delivered: number;
  distinct: number;
}

type Counts = ReadonlyMap<string, Count>;
type FilterCallers = Readonly<Record<(typeof KINDS)[number], Map<string, Count>>> & {
  readonly earliest: EarliestEvents;
};

/** @param values has from `start` the indices of the values of `KINDS`; -1: there were too many values */
export type MatchCounter = (
  filter: number,
  values: ArrayLike<number>,
  start: number,
  isNew: boolean,
) => void;

/** Sums up the callers of all batches, in memory that does not grow with the number of matches. */
export interface WhoTally {
  /** Counts the matches of a batch. @returns the function to call for each match, in any order */
  readonly counter: (findings: Pick<Findings, "callerValues" | "earliest">) => MatchCounter;
  /** @param which whether to count all deliveries or distinct events */
  readonly of: (filters: readonly number[], which: keyof Count) => Who;
}

export function createWhoTally(filters: number, maxValues = MAX_VALUES): WhoTally {
  const byFilter = Array.from({ length: filters }, () => emptyCallers());
  let values = 0;

  function countOf(counts: Map<string, Count>, value: string): Count {
    const known = counts.get(value);
    if (known !== undefined) return known;
    if (value !== OTHERS && values >= maxValues) return countOf(counts, OTHERS);
    values++;
    const count = { delivered: 0, distinct: 0 };
    counts.set(value, count);
    return count;
  }

  return {
    counter: ({ callerValues, earliest }) => {
      for (const [filter, event] of earliest) byFilter[filter]?.earliest.add(event);
      // Looks up the count of a filter's value once per batch instead of once per match.
      const known = byFilter.map(() => KINDS.map(() => new Map<number, Count | null>()));
      const lookUp = (filter: number, kind: (typeof KINDS)[number], index: number) => {
        const value = callerValues[index] ?? OTHERS;
        const counts = byFilter[filter]?.[kind];
        return value === "" || counts === undefined ? null : countOf(counts, value);
      };
      return (filter, values, start, isNew) => {
        for (let position = 0; position < KINDS.length; position++) {
          const kind = KINDS[position] ?? "principal";
          const index = values[start + position] ?? -1;
          const counts = known[filter]?.[position];
          let count = counts?.get(index);
          if (count === undefined) {
            count = lookUp(filter, kind, index);
            counts?.set(index, count);
          }
          if (count === null) continue;
          count.delivered++;
          if (isNew) count.distinct++;
        }
      };
    },
    of: (indices, which) => {
      const parts = indices.map((index) => byFilter[index] ?? emptyCallers());
      const earliest = createEarliestEvents();
      for (const event of parts.flatMap((part) => part.earliest.events)) earliest.add(event);
      const totals = (kind: (typeof KINDS)[number]) =>
        totalsOf(
          parts.map((part) => part[kind]),
          which,
        );
      return {
        principals: totals("principal"),
        roles: totals("role"),
        addresses: totals("address"),
        events: earliest.events,
      };
    },
  };
}

function emptyCallers(): FilterCallers {
  return {
    principal: new Map(),
    role: new Map(),
    address: new Map(),
    earliest: createEarliestEvents(),
  };
}

function totalsOf(parts: readonly Counts[], which: keyof Count): CallerTotals {
  const sums = new Map<string, number>();
  for (const [value, count] of parts.flatMap((part) => [...part])) {
    if (count[which] > 0) sums.set(value, (sums.get(value) ?? 0) + count[which]);
  }
  const top = [...sums]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, TOTALS_LISTED);
  return { top, distinct: sums.size };
}
