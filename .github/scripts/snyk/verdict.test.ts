import { expect, test } from "vitest";
import type { Sarif } from "./sarif.ts";
import { failureReason } from "./verdict.ts";

const sarif = (...rules: readonly string[]): Sarif => ({
  version: "2.1.0",
  runs: [
    {
      tool: { driver: { name: "Snyk", rules: [] } },
      results: rules.map((ruleId) => ({ ruleId })),
    },
  ],
});

test("0 with results in which nothing stands is green, and nothing else is", () => {
  expect(failureReason({ code: 0, sarif: sarif() })).toBeUndefined();
});

test.each([
  [1, /found vulnerabilities/],
  [2, /failed/],
  [3, /nothing to scan/],
  [69, /could not be reached/],
  [77, /token/],
  [128, /unknown way/],
  [-1, /unknown way/],
])("%i is red, whatever results there are", (code, reason) => {
  expect(failureReason({ code, sarif: sarif() })).toMatch(reason);
  expect(failureReason({ code })).toMatch(reason);
});

test("0 without results is red", () => {
  expect(failureReason({ code: 0 })).toMatch(/left no results/);
});

test("0 with a finding is red and names it", () => {
  expect(failureReason({ code: 0, sarif: sarif("SNYK-JS-X-1") })).toMatch(/SNYK-JS-X-1: 1/);
});
