import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { longestDelay, spreadDelays } from "./deliveries.ts";

const AVERAGE = 300;
const CALLED_AT = 1_000_000;

/** Reproducible random numbers: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("spread delays", () => {
  const deliveries = spreadDelays(AVERAGE, randomNumbers(1));
  const all = Array.from({ length: 10_000 }, () => deliveries(CALLED_AT));
  const delays = all.map(([first]) => ((first?.due ?? 0) - CALLED_AT) / 1000);

  test("have the configured average, and a maximum of about three times that", () => {
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    expect(mean).toBeGreaterThan(0.95 * AVERAGE);
    expect(mean).toBeLessThan(1.05 * AVERAGE);
    expect(Math.max(...delays)).toBeGreaterThan(2.9 * AVERAGE);
    expect(Math.min(...delays)).toBeGreaterThan(100);
  });

  test("deliver about one of 20 events twice, never earlier the second time", () => {
    const twice = all.filter(({ length }) => length === 2);
    expect(twice.length).toBeGreaterThan(400);
    expect(twice.length).toBeLessThan(600);
    for (const [first, second] of twice) {
      expect(second?.due).toBeGreaterThanOrEqual(first?.due ?? Number.NaN);
    }
  });

  test("give log events a timestamp between the call and the delivery, for any random numbers", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
          minLength: 6,
          maxLength: 6,
        }),
        fc.integer({ min: 0, max: 3_600 }),
        (numbers, average) => {
          const random = () => numbers.shift() ?? 0;
          for (const { due, age } of spreadDelays(average, random)(CALLED_AT)) {
            expect(due).toBeGreaterThanOrEqual(CALLED_AT);
            expect(due).toBeLessThanOrEqual(CALLED_AT + longestDelay(average) * 1000);
            expect(due - age).toBeGreaterThanOrEqual(CALLED_AT);
          }
        },
      ),
    );
  });
});
