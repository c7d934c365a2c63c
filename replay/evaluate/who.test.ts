import { expect, it } from "vitest";
import { createWhoTally, OTHERS } from "./who.ts";

const callerNamed = (name: string) => ({ principal: name, role: "", address: `${name}.example` });

it("counts further callers as others once it remembers as many as it may", () => {
  const tally = createWhoTally(1, 4);
  const callers = ["a", "b", "c", "d"].map(callerNamed);
  const count = tally.counter({ callers, earliest: [] });
  for (const caller of [0, 1, 2, 3, 2]) count(0, caller, true);
  count(0, 0, false);
  expect(tally.of([0], "distinct").principals).toEqual({
    top: [
      { value: OTHERS, count: 3 },
      { value: "a", count: 1 },
      { value: "b", count: 1 },
    ],
    distinct: 3,
  });
  expect(tally.of([0], "delivered").addresses.top[1]).toEqual({ value: "a.example", count: 2 });
});

it("adds up the callers of several filters", () => {
  const tally = createWhoTally(2);
  const count = tally.counter({ callers: [callerNamed("a")], earliest: [] });
  count(0, 0, true);
  count(1, 0, true);
  count(1, -1, true);
  expect(tally.of([0, 1], "distinct").principals.top).toEqual([
    { value: "a", count: 2 },
    { value: OTHERS, count: 1 },
  ]);
});
