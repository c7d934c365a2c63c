import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { FILTER } from "../../cloudwatch/testing/fixtures.ts";
import { createDistinctPairs } from "./distinct.ts";
import { metricId } from "./metric-id.ts";
import { createScan, type Findings, MINUTE } from "./scan.ts";
import { createTally } from "./tally.ts";

const MONITORED = [metricId({ namespace: "Example", name: "kms-errors", dimensions: {} })];
const EVERY = { ...FILTER, name: "every", pattern: "{ $.eventTime = * }" };

interface Delivery {
  readonly id: number | undefined;
  readonly minute: number;
  readonly isError: boolean;
}

const recordOf = ({ id, minute, isError }: Delivery) => ({
  eventTime: `${new Date(Date.UTC(2026, 2, 2) + minute * MINUTE).toISOString().slice(0, 19)}Z`,
  eventSource: "kms.amazonaws.com",
  eventName: "Decrypt",
  ...(id === undefined ? {} : { eventID: `id-${id}` }),
  ...(isError ? { errorCode: "AccessDenied" } : {}),
});

function findingsOf(deliveries: readonly Delivery[]): Findings {
  const scan = createScan({
    filters: [FILTER, EVERY],
    monitoredMetrics: MONITORED,
    countsKeyUse: false,
  });
  for (const delivery of deliveries) {
    const record = recordOf(delivery);
    scan.add(record, JSON.stringify(record));
  }
  return scan.findings();
}

function tallied(parts: readonly (readonly Delivery[])[], most?: number) {
  const tally = createTally(
    [FILTER, EVERY],
    MONITORED,
    most === undefined ? {} : { maxDistinct: most },
  );
  for (const part of parts) tally.add(findingsOf(part));
  return {
    matches: [tally.matches(0), tally.matches(1)],
    series: tally.series(0),
    ...tally.counts(),
    span: tally.span(),
  };
}

const delivery = fc
  .record({
    // All copies of an event have the same time and result.
    id: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
  })
  .map(({ id }): Delivery => ({ id, minute: (id ?? 3) % 5, isError: (id ?? 0) % 2 === 0 }));

test("gives the same result for any order and division of the records", () => {
  fc.assert(
    fc.property(
      fc.array(delivery, { maxLength: 40 }),
      fc.integer({ min: 1, max: 10 }),
      fc.infiniteStream(fc.nat()),
      (list, size, chance) => {
        const order = list
          .map((one) => ({ one, key: chance.next().value }))
          .toSorted((a, b) => a.key - b.key);
        const parts = Array.from({ length: Math.ceil(list.length / size) }, (_, part) =>
          order.slice(part * size, (part + 1) * size).map(({ one }) => one),
        );
        expect(tallied(parts)).toEqual(tallied([list]));
        // Remembers only five matches.
        expect(tallied(parts, 5)).toEqual(tallied([list], 5));
      },
    ),
  );
});

describe("an event delivered more than once", () => {
  const twice: readonly Delivery[] = [
    { id: 1, minute: 0, isError: true },
    { id: 2, minute: 0, isError: true },
    { id: 1, minute: 0, isError: true },
  ];

  it("counts once for each filter", () => {
    const { matches, series, copies, events } = tallied([twice]);
    expect(matches.map(({ count }) => count)).toEqual([2, 2]);
    expect([series.sums, series.sampleCounts]).toEqual([Float64Array.of(4), Float64Array.of(4)]);
    expect({ copies, events }).toEqual({ copies: 2, events: 3 });
  });

  it("counts each time if it has no id", () => {
    const nameless = twice.map((one) => ({ ...one, id: undefined }));
    expect(tallied([nameless])).toMatchObject({ matches: [{ count: 3 }, { count: 3 }], copies: 0 });
  });

  it("counts each time, and reports it, if there are too many matches to remember", () => {
    expect(tallied([twice], 2)).toMatchObject({
      matches: [{ count: 3 }, { count: 3 }],
      copies: 0,
      countsCopies: true,
    });
  });
});

test("publishes the default value in its minute for every event that does not match", () => {
  const quiet = { id: 1, minute: 0, isError: false };
  const loud = { id: 2, minute: 1, isError: true };
  const tally = createTally([FILTER], MONITORED);
  const scan = createScan({ filters: [FILTER], monitoredMetrics: MONITORED, countsKeyUse: false });
  for (const one of [quiet, loud, { ...quiet, id: 3, minute: 1 }]) {
    scan.add(recordOf(one), JSON.stringify(recordOf(one)));
  }
  tally.add(scan.findings());
  expect(tally.series(0)).toMatchObject({
    sums: Float64Array.of(0, 1),
    sampleCounts: Float64Array.of(1, 2),
    minimums: Float64Array.of(0, 0),
    maximums: Float64Array.of(0, 1),
  });
});

test("builds one series of default values for all metrics without matches that have the same default value", () => {
  const filters = [0, 0, 1].map((defaultValue, index) => ({
    ...FILTER,
    pattern: index === 0 ? FILTER.pattern : "{ $.eventName = Never }",
    transformation: { ...FILTER.transformation, metricName: `metric-${index}`, defaultValue },
  }));
  const others = { ...FILTER, pattern: "{ $.eventName = Never }" };
  const all = [...filters, others];
  const ids = all.map(({ transformation }) =>
    metricId({ namespace: "Example", name: transformation.metricName, dimensions: {} }),
  );
  const tally = createTally(all, ids);
  const scan = createScan({ filters: all, monitoredMetrics: ids, countsKeyUse: false });
  const addAt = (minute: number, isError: boolean) => {
    const record = recordOf({ id: minute, minute, isError });
    scan.add(record, JSON.stringify(record));
    tally.add(scan.findings());
  };
  addAt(0, true);
  addAt(0, false);
  expect(ids.map((_, metric) => [...tally.series(metric).sums])).toEqual([[1], [0], [2], [0]]);
  expect(tally.series(3)).toBe(tally.series(1));
  addAt(1, false);
  expect(ids.map((_, metric) => [...tally.series(metric).sampleCounts])).toEqual(
    Array(4).fill([2, 1]),
  );
});

test("recognizes earlier pairs after the set has grown", () => {
  const distinct = createDistinctPairs(300_000);
  const pairs = Array.from(
    { length: 200_000 },
    (_, index) => [index % 65_536, index >>> 3] as const,
  );
  const known = new Set<string>();
  const wrong = [...pairs, [0, 0] as const, [0, 0] as const].filter(([first, second]) => {
    const id = `${first} ${second === 0 ? 1 : second}`;
    const isNew = !known.has(id);
    known.add(id);
    return distinct.add(first, second) !== isNew;
  });
  expect(wrong).toEqual([]);
  expect(distinct.isFull()).toBe(false);
});
