import fc from "fast-check";
import { expect, it } from "vitest";
import { createMinuteCounter } from "./counts.ts";

it("adds up the counts of each minute and returns them in order of time", () => {
  const minute = fc.integer({ min: -200, max: 200 });
  const count = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(fc.array(fc.tuple(minute, count)), (added) => {
      const counter = createMinuteCounter();
      const expected = new Map<number, number>();
      for (const [minute, count] of added) {
        counter.add(minute, count);
        expected.set(minute, (expected.get(minute) ?? 0) + count);
      }
      const sorted = [...expected].sort(([a], [b]) => a - b);
      expect(counter.sorted()).toEqual({
        minutes: Float64Array.from(sorted, ([minute]) => minute),
        counts: Float64Array.from(sorted, ([, count]) => count),
      });
    }),
  );
});
