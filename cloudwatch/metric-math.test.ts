import { describe, expect, it } from "vitest";
import { parseMetricMath } from "./metric-math.ts";

function evaluate(text: string, values: Readonly<Record<string, number>> = {}): number {
  const { evaluate: compute } = parseMetricMath(text, Object.keys(values));
  return compute((id) => values[id] ?? Number.NaN);
}

describe("a metric math expression", () => {
  it.each<[string, Record<string, number>, number]>([
    ["m1 + m2 * 2", { m1: 1, m2: 3 }, 7],
    ["(m1 + m2) * 2", { m1: 1, m2: 3 }, 8],
    ["-m1 + 2 ^ 3", { m1: 1 }, 7],
    ["m1 - m2 - 1", { m1: 5, m2: 2 }, 2],
    ["100 * errors / requests", { errors: 1, requests: 4 }, 25],
    ["m1 > 2 AND m2 <= 1", { m1: 3, m2: 1 }, 1],
    ["m1 == 3 || m2 != 1", { m1: 3, m2: 1 }, 1],
    ["IF(m1 > 2, m2, 0)", { m1: 1, m2: 9 }, 0],
    ["SUM([m1, m2])", { m1: 1, m2: 3 }, 4],
    ["SUM(METRICS())", { m1: 1, m2: 3, e1: 2 }, 6],
    ['MAX(METRICS("m"))', { m1: 1, m2: 3, e1: 9 }, 3],
    ["AVG([m1, m2]) + MIN([m1, m2])", { m1: 1, m2: 3 }, 3],
    ["CEIL(m1) + FLOOR(m1) + ABS(-m1)", { m1: 1.5 }, 4.5],
  ])("computes %s", (text, values, expected) => {
    expect(evaluate(text, values)).toBe(expected);
  });

  it.each<[string, Record<string, number>, number]>([
    ["m1 + m2", { m1: 1 }, Number.NaN],
    ["FILL(m1, 0) + FILL(m2, 0)", { m1: 1 }, 1],
    ["SUM([m1, m2])", { m1: 1 }, 1],
    ["SUM([m1, m2])", {}, Number.NaN],
    ["IF(m1, 1, 0)", {}, Number.NaN],
    ["IF(m1 > 0, m1)", { m1: 0 }, Number.NaN],
    ["m1 / m2", { m1: 1, m2: 0 }, Number.NaN],
  ])("with missing data points: %s of %j is %d", (text, values, expected) => {
    expect(evaluate(text, values)).toBe(expected);
  });

  it("lists the ids that it refers to", () => {
    expect(parseMetricMath('m1 + SUM(METRICS("x"))', ["m1", "x1", "x2"]).ids).toEqual([
      "m1",
      "x1",
      "x2",
    ]);
  });

  it.each([
    ["m1 +", /^At character 5, found the end of the expression; expected a number, an id/],
    ["RATE(m1)", /^At character 1, found "RATE"; expected a number, an id, IF, FILL/],
    ["SUM(m1)", /^At character 5, found "m1"; expected \[\.$/],
    ["m1 m2", /^At character 4, found "m2"; expected an operator or the end/],
    ["m1 % 2", /^At character 4, found "%", which is not supported\.$/],
    ["constructor(m1)", /^At character 12, found "\("/],
  ])("rejects %s with the position", (text, message) => {
    expect(() => parseMetricMath(text, ["m1"])).toThrow(message);
  });
});
