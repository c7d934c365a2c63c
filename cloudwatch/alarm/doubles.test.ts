import { expect, test } from "vitest";
import { double, toJson } from "./doubles.ts";

test("JSON keeps whole numbers whole and doubles doubles, and leaves out what is undefined", () => {
  expect(
    toJson({
      period: 60,
      threshold: double(1),
      values: [double(2.5), double(10_000_000)],
      none: undefined,
      nothing: null,
      text: 'a"b',
    }),
  ).toBe('{"period":60,"threshold":1.0,"values":[2.5,1.0E7],"nothing":null,"text":"a\\"b"}');
});
