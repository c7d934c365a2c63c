import { describe, expect, it } from "vitest";
import { extractValues, matches } from "./matcher.ts";
import { parsePattern } from "./parse.ts";

const LINE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';

function match(pattern: string, message: string): boolean {
  return matches(parsePattern(pattern), message);
}

describe("conditions", () => {
  it.each([
    ["[..., status=4*, bytes]", true],
    ["[..., status=404 || status=410, bytes]", true],
    ["[..., (status=404 || status=410) && status!=404, bytes]", false],
    ["[..., status=410 || status>400 && status<500, bytes]", true],
    ["[..., request=*.html*, status, bytes]", true],
    ["[..., request=%^GET .+HTTP%, status, bytes]", true],
    ["[ip=127.0.0.1, ...]", true],
    ["[ip!=127.0.0.1, ...]", false],
    ["[..., bytes>1000]", true],
    ["[..., bytes>1534]", false],
    ["[..., bytes>=1.534e3]", true],
    ['[..., bytes="1534"]', true],
    ['[..., bytes="1534.0"]', false],
    ["[..., bytes=1534.0]", true],
    ["[ip, dash=-, ...]", true],
  ])("match with %s: %s", (pattern, expected) => {
    expect(match(pattern, LINE)).toBe(expected);
  });

  it("compare text with a number: only != matches", () => {
    expect(match("[a>0]", "x")).toBe(false);
    expect(match("[a<0]", "x")).toBe(false);
    expect(match("[a!=0]", "x")).toBe(true);
    expect(match("[a!=0]", "0.0")).toBe(false);
  });
});

describe("fields", () => {
  it("do not exist in an empty message", () => {
    expect(match("[]", "")).toBe(true);
    expect(match("[a]", "")).toBe(false);
    expect(match("[...]", "")).toBe(true);
  });

  it("are not extracted from a message that does not match", () => {
    expect(extractValues(parsePattern("[a=x, b]"), "y z")).toEqual({});
  });

  it("can have the names of properties that objects inherit", () => {
    expect(extractValues(parsePattern("[__proto__, constructor]"), "a b")).toEqual({
      $__proto__: "a",
      $constructor: "b",
    });
  });

  it("take linear time when delimiters are never closed", () => {
    expect(match("[..., last]", "[a ".repeat(200_000))).toBe(true);
  });
});
