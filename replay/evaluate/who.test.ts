import { expect, it } from "vitest";
import { createWhoTally, OTHERS } from "./who.ts";

it("counts further callers as others once the limit is reached", () => {
  const tally = createWhoTally(1, 4);
  const callerValues = ["", "a", "b", "c", "x", "y", "z"];
  const count = tally.counter({ callerValues, earliest: [] });
  const calls = [
    [1, 0, 4],
    [2, 0, 5],
    [3, 0, 6],
    [3, 0, 6],
    [1, 0, 4],
  ];
  for (const caller of calls) count(0, caller, 0, true);
  count(0, [1, 0, 4], 0, false);
  expect(tally.of([0], "distinct")).toEqual({
    principals: {
      top: [
        { value: OTHERS, count: 2 },
        { value: "a", count: 2 },
        { value: "b", count: 1 },
      ],
      distinct: 3,
    },
    roles: { top: [], distinct: 0 },
    addresses: {
      top: [
        { value: OTHERS, count: 2 },
        { value: "x", count: 2 },
        { value: "y", count: 1 },
      ],
      distinct: 3,
    },
    events: [],
  });
  expect(tally.of([0], "delivered").principals.top[0]).toEqual({ value: "a", count: 3 });
});

it("adds up the callers of several filters", () => {
  const tally = createWhoTally(2);
  const count = tally.counter({ callerValues: ["", "a", "x"], earliest: [] });
  count(0, [1, 0, 2], 0, true);
  count(1, [1, 0, 2], 0, true);
  count(1, [-1, 0, 2], 0, true);
  expect(tally.of([0, 1], "distinct").principals.top).toEqual([
    { value: "a", count: 2 },
    { value: OTHERS, count: 1 },
  ]);
});
