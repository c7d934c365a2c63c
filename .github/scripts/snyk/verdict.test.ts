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

test("passes exit code 0 with results without findings", () => {
  expect(failureReason({ code: 0, sarif: sarif() })).toBeUndefined();
});

test.each([
  [1, /found vulnerabilities/],
  [2, /failed/],
  [3, /nothing to scan/],
  [69, /could not be reached/],
  [77, /token/],
  [128, /unknown exit code/],
  [-1, /unknown exit code/],
])("fails for exit code %i with or without results", (code, reason) => {
  expect(failureReason({ code, sarif: sarif() })).toMatch(reason);
  expect(failureReason({ code })).toMatch(reason);
});

test("fails for exit code 0 without results", () => {
  expect(failureReason({ code: 0 })).toMatch(/wrote no results/);
});

test("fails for exit code 0 with a finding and names it", () => {
  expect(failureReason({ code: 0, sarif: sarif("SNYK-JS-X-1") })).toMatch(/SNYK-JS-X-1: 1/);
});
