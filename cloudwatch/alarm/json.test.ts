import { expect, test } from "vitest";
import { jsonDouble, stringifyJson } from "./json.ts";

test("writes integers as such, doubles as Java does, and omits undefined members", () => {
  expect(
    stringifyJson({
      period: 60,
      threshold: jsonDouble(1),
      values: [jsonDouble(2.5), jsonDouble(10_000_000)],
      none: undefined,
      nothing: null,
      text: 'a"b',
    }),
  ).toBe('{"period":60,"threshold":1.0,"values":[2.5,1.0E7],"nothing":null,"text":"a\\"b"}');
});
