import { expect, it } from "vitest";
import { javaDouble, parseExact } from "./json-number.ts";

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
])("writes %d as Java does: %s", (value, text) => {
  expect(javaDouble(value)).toBe(text);
});

it("keeps apart what was written as an integer and what was not", () => {
  expect(parseExact('{"a":[1,1.0,1e0,9007199254740993,-0],"b":"1","c":null}')).toEqual({
    a: [1n, 1, 1, 9007199254740993n, 0n],
    b: "1",
    c: null,
  });
});
