import { describe, expect, it } from "vitest";
import { endOfBrackets, endOfElement } from "./json-bytes.ts";

describe("endOfBrackets", () => {
  it.each([
    ['{"a":"}"},', 0, 9],
    ['{"a":"\\"}"},', 0, 11],
    ['[[{"b":[]}],1]', 0, 14],
    ['{"a":[1}', 0, -1],
    ['{"a":"unclosed}', 0, -1],
  ])("finds the end of %s", (text, depth, end) => {
    expect(endOfBrackets(Buffer.from(text), 0, depth)).toBe(end);
  });

  it("finds the end of an object that is already open", () => {
    expect(endOfBrackets(Buffer.from('"more":{"a":1}} x'), 0, 1)).toBe(15);
  });
});

describe("endOfElement", () => {
  it.each([
    ["12,3", 2],
    ['"a,b"]', 5],
    ["[1,2],3", 5],
    ['x{"a":","},', 10],
    ["[1,2", -1],
    ["12", -1],
  ])("finds the end of the first element of %s", (text, end) => {
    expect(endOfElement(Buffer.from(text), 0)).toBe(end);
  });
});
