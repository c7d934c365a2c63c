import fc from "fast-check";
import { expect, it } from "vitest";
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";

function decimal(text: string): Decimal {
  const parsed = parseDecimal(text);
  if (parsed === undefined) throw new Error(`${text} is not a number`);
  return parsed;
}

it.each([
  ["1", "1.0", 0],
  ["1", "1e0", 0],
  ["1000", "1e3", 0],
  ["0.001", "1e-3", 0],
  [".5", "0.50", 0],
  ["1.", "1", 0],
  ["+1", "1", 0],
  ["-0.0", "0", 0],
  ["0e999", "0", 0],
  ["9007199254740993", "9007199254740992", 1],
  ["0.1", "0.10000000000000000001", -1],
  ["1e-999", "0", 1],
  ["-1e-999", "0", -1],
  ["-2", "-1", -1],
  ["-10", "-9", -1],
  ["1e2147483647", "1e2147483646", 1],
])("compares %s with %s as %i", (a, b, order) => {
  expect(Math.sign(compareDecimals(decimal(a), decimal(b)))).toBe(order);
  expect(Math.sign(compareDecimals(decimal(b), decimal(a)))).toBe(order === 0 ? 0 : -order);
});

it.each(["", "+", ".", "e3", "1e", "1.2.3", "0x10", "1_000", " 1", "1 ", "Infinity", "NaN", "١"])(
  "rejects %j",
  (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  },
);

it("orders numbers as their values scaled to integers", () => {
  const parts = fc.tuple(
    fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
    fc.integer({ min: 0, max: 20 }),
  );
  fc.assert(
    fc.property(parts, parts, ([a, aShift], [b, bShift]) => {
      const scaledA = a * 10n ** BigInt(20 - aShift);
      const scaledB = b * 10n ** BigInt(20 - bShift);
      const order = scaledA < scaledB ? -1 : Number(scaledA > scaledB);
      const actual = compareDecimals(decimal(`${a}e-${aShift}`), decimal(`${b}e-${bShift}`));
      expect(Math.sign(actual)).toBe(order);
    }),
  );
});
