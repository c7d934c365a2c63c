import fc from "fast-check";
import { expect, it } from "vitest";
import { compileWildcard } from "./wildcard.ts";

/** A reference implementation with exponential cost. */
function matchesByDefinition(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] !== "*") {
    return pattern[0] === text[0] && matchesByDefinition(pattern.slice(1), text.slice(1));
  }
  return Array.from({ length: text.length + 1 }, (_, skipped) => text.slice(skipped)).some((rest) =>
    matchesByDefinition(pattern.slice(1), rest),
  );
}

it("agrees with a reference implementation", () => {
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 7 });
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 9 });
  fc.assert(
    fc.property(pattern, text, (wild, value) => {
      fc.pre(wild.includes("*"));
      expect(compileWildcard(wild.split("*"))(value)).toBe(matchesByDefinition(wild, value));
    }),
    { numRuns: 2000 },
  );
});

it("treats all other characters literally", () => {
  expect(compileWildcard(["a.?", "$"])("a.?x$")).toBe(true);
  expect(compileWildcard(["a.?", ""])("abc")).toBe(false);
});

it("does not let the first and last piece overlap", () => {
  expect(compileWildcard(["aba", "aba"])("aba")).toBe(false);
  expect(compileWildcard(["aba", "aba"])("abaaba")).toBe(true);
});

it("takes linear time where backtracking would take exponential time", () => {
  const test = compileWildcard([..."a".repeat(300), "b", ""]);
  expect(test("a".repeat(500_000))).toBe(false);
});
