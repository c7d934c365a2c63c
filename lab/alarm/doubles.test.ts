import { expect, test } from "vitest";
import { double, formatDouble, toJson } from "./doubles.ts";

test.each([
  [0, "0.0"],
  [1, "1.0"],
  [-3, "-3.0"],
  [0.25, "0.25"],
  [15.398333333333332, "15.398333333333332"],
  [9_999_999, "9999999.0"],
  [10_000_000, "1.0E7"],
  [12_500_000, "1.25E7"],
  [0.0005, "5.0E-4"],
])("%d is written %s", (value, text) => expect(formatDouble(value)).toBe(text));

test("JSON keeps whole numbers whole and doubles doubles, and leaves out what is undefined", () => {
  expect(
    toJson({ period: 60, threshold: double(1), values: [double(2)], none: undefined, text: 'a"b' }),
  ).toBe('{"period":60,"threshold":1.0,"values":[2.0],"text":"a\\"b"}');
});
