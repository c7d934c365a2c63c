import { expect, it } from "vitest";
import { formatJavaDouble } from "./java-double.ts";

it.each([
  [0, "0.0"],
  [-0, "-0.0"],
  [1, "1.0"],
  [-12.34, "-12.34"],
  [0.1, "0.1"],
  [1000, "1000.0"],
  [9_999_999, "9999999.0"],
  [1e7, "1.0E7"],
  [12_345_678.9, "1.23456789E7"],
  [0.001, "0.001"],
  [0.0001, "1.0E-4"],
  [1e308, "1.0E308"],
  [5e-324, "5.0E-324"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
])("formats %d as %s", (value, text) => {
  expect(formatJavaDouble(value)).toBe(text);
});
