import { expect, test } from "vitest";
import { evaluationInterval, evaluationRange } from "./range.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");

test("covers N + 2 periods and ends at the evaluation time", () => {
  expect(
    evaluationRange({ period: 60, evaluationPeriods: 3 }, NOON).map((start) => NOON - start),
  ).toEqual([300_000, 240_000, 180_000, 120_000, 60_000]);
});

test("counts periods back from the evaluation time instead of aligning them to the clock", () => {
  const at = NOON + 7 * 60_000;
  expect(evaluationRange({ period: 300, evaluationPeriods: 1 }, at).at(-1)).toBe(NOON + 120_000);
});

test("covers one minute more than N for ten-second periods", () => {
  const range = evaluationRange({ period: 10, evaluationPeriods: 1 }, NOON);
  expect(range).toHaveLength(7);
  expect(range[0]).toBe(NOON - 70_000);
});

test.each([
  [{ period: 10, evaluationPeriods: 6 }, 10_000],
  [{ period: 30, evaluationPeriods: 1 }, 10_000],
  [{ period: 60, evaluationPeriods: 1 }, 60_000],
  [{ period: 86_400, evaluationPeriods: 1 }, 60_000],
  [{ period: 86_400, evaluationPeriods: 2 }, 3_600_000],
])("evaluates %j every %d ms", (periods, interval) => {
  expect(evaluationInterval(periods)).toBe(interval);
});
