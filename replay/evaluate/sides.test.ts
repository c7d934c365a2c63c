import fc from "fast-check";
import { expect, test } from "vitest";
import { anomalyBand } from "../../cloudwatch/alarm/anomaly.ts";
import { ANOMALY_ALARM } from "../../cloudwatch/testing/fixtures.ts";
import { MINUTE } from "./scan.ts";
import { BREACHING, createSides, MISSING, UNTRAINED, WITHIN } from "./sides.ts";
import { valueReader } from "./timeline.ts";

test("puts each value on the same side as a band that is computed for that value alone", () => {
  const value = fc.oneof(
    // The bounds of these values often equal a value.
    { weight: 20, arbitrary: fc.constantFrom(0, 1, 4, 6, 9, 12) },
    { weight: 2, arbitrary: fc.constant(Number.NaN) },
    // The sums of squares of these are not exact.
    { weight: 4, arbitrary: fc.constantFrom(0.1, 987_654_321) },
  );
  const values = fc
    .array(fc.record({ value, length: fc.constantFrom(1, 31, 600, 1500) }), { maxLength: 6 })
    .map((runs) =>
      Float64Array.from(runs.flatMap((run) => Array<number>(run.length).fill(run.value))),
    );
  fc.assert(
    fc.property(values, fc.constantFrom(1, 2), (list, deviations) => {
      const alarm = { ...ANOMALY_ALARM, period: 1800, deviations };
      const segment = { start: 0, values: list, changes: new Int32Array() };
      const valueAt = valueReader(alarm, segment);
      const expected = Array.from(list, (one, at) => {
        const { upperThreshold } = anomalyBand(alarm, valueAt, at * MINUTE - 1_800_000);
        if (upperThreshold === undefined) return UNTRAINED;
        if (Number.isNaN(one)) return MISSING;
        return one > upperThreshold ? BREACHING : WITHIN;
      });
      const { sideAt, changes } = createSides(alarm, segment);
      expect(expected.map((_, at) => sideAt(at))).toEqual(expected);
      expect([...changes]).toEqual(
        expected.flatMap((side, at) => (side === (expected[at - 1] ?? MISSING) ? [] : [at])),
      );
    }),
    { numRuns: 60 },
  );
});
