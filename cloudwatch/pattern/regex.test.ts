import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FilterPatternError } from "./error.ts";
import { compileRegex } from "./regex.ts";

const literal = fc.constantFrom("a", "b", "-", " ", "\\.", "\\x61", ".");
const member = fc.constantFrom("a", "b", "a-b", "\\d", "\\x2d", "\\S", ".");
const bracket = fc
  .tuple(fc.constantFrom("", "^"), fc.array(member, { minLength: 1, maxLength: 3 }))
  .map(([negation, members]) => `[${negation}${members.join("")}]`);
const one = fc.oneof(literal, fc.constantFrom("\\d", "\\D", "\\s", "\\S", "\\w", "\\W"), bracket);
const repetition = fc.constantFrom(
  "",
  "",
  "*",
  "+",
  "?",
  "{2}",
  "{1,}",
  "{0,2}",
  "*?",
  "+?",
  "{1,2}?",
);
const item = fc.oneof(
  { arbitrary: fc.tuple(one, repetition).map(([text, times]) => text + times), weight: 8 },
  { arbitrary: fc.constantFrom("^", "$"), weight: 1 },
);
const regex = fc
  .array(
    fc.array(item, { maxLength: 4 }).map((items) => items.join("")),
    { minLength: 1, maxLength: 3 },
  )
  .map((alternatives) => alternatives.join("|"));
const text = fc.string({
  unit: fc.constantFrom("a", "b", "1", "_", "-", ".", " ", "\n", "é", "😀"),
  maxLength: 8,
});

it("agrees with the engine of JavaScript", () => {
  fc.assert(
    fc.property(regex, fc.array(text, { minLength: 1, maxLength: 5 }), (source, messages) => {
      const test = compileRegex(source);
      const reference = new RegExp(source, "u");
      expect(messages.map(test)).toEqual(messages.map((message) => reference.test(message)));
    }),
    { numRuns: 3000 },
  );
});

describe("follows the AWS documentation", () => {
  it.each([
    ["colou?r", "the colour", true],
    ["^AWS", "x AWS", false],
    ["a{3,5}", "aa", false],
    ["[^c]$", "abc", false],
    ["\\[.\\]", "[ ]", true],
    ["\\x28", "f(x)", true],
    ["10.10", "10010", true],
    ["role/[\\w-]+$", "arn:aws:iam::1:role/a-b", true],
    ["^[a-]+$", "-a-", true],
    ["^[\\w-.]+$", "a-.", true],
    ["]|}", "}", true],
  ])("matches %s in %j: %s", (source, message, expected) => {
    expect(compileRegex(source)(message)).toBe(expected);
  });

  it("matches any character except a line feed with a dot", () => {
    expect(compileRegex("^a.b$")("aéb")).toBe(true);
    expect(compileRegex("^a.b$")("a😀b")).toBe(true);
    expect(compileRegex("a.b")("a\nb")).toBe(false);
  });

  it("restricts \\s, \\d and \\w to ASCII", () => {
    expect(compileRegex("\\s")("\u00a0")).toBe(false);
    expect(compileRegex("\\d")("٣")).toBe(false);
    expect(compileRegex("\\w")("é")).toBe(false);
  });

  it("matches ^ and $ at the start and end of the text, not of a line", () => {
    expect(compileRegex("a$")("a\n")).toBe(false);
    expect(compileRegex("^b")("a\nb")).toBe(false);
  });
});

it.each([
  "*a",
  "a**",
  "a++",
  "a+??",
  "a{2}{3}",
  "^*",
  "a|+",
  "a{",
  "a{,3}",
  "a{3,2}",
  "a{1001}",
  "a{1001,}",
  "[",
  "[a",
  "[]",
  "[]a]",
  "[[a]",
  "[b-a]",
  "[a-\\d]",
  "\\",
  "[\\",
  "\\p",
  "\\b",
  "\\1",
  "\\x",
  "\\x1",
  "\\xgg",
])("rejects %s", (source) => {
  expect(() => compileRegex(source)).toThrow(FilterPatternError);
  expect(() => compileRegex(source)).toThrow("Failed to compile regular expression.");
});

it("rejects repetitions that add up to too many states", () => {
  expect(() => compileRegex("a{1000}".repeat(11))).toThrow("Failed to compile regular expression.");
});

it("takes linear time where backtracking would take exponential time", () => {
  const test = compileRegex(".*a.*a.*a.*a.*b$");
  expect(test("a".repeat(200_000))).toBe(false);
});
