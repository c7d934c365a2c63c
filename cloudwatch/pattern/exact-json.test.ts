import { expect, it } from "vitest";
import { parseExactJson } from "./exact-json.ts";

it("parses integers as bigints and numbers with a fraction or exponent as doubles", () => {
  expect(parseExactJson('{"a":[1,1.0,1e0,9007199254740993,-0],"b":"1","c":null}')).toEqual({
    a: [1n, 1, 1, 9007199254740993n, 0n],
    b: "1",
    c: null,
  });
});
