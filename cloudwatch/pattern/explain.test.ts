import { describe, expect, it } from "vitest";
import { type ExplainedCondition, explain } from "./explain.ts";
import { parsePattern } from "./parse.ts";

const explainText = (pattern: string, message: unknown) =>
  explain(parsePattern(pattern), typeof message === "string" ? message : JSON.stringify(message));

/** Returns the clauses of a condition as `✓ text` or `✗ text`, in source order. */
function clauses(condition: ExplainedCondition | undefined): readonly string[] {
  if (condition === undefined) return [];
  if (condition.type === "clause") return [`${condition.matched ? "✓" : "✗"} ${condition.text}`];
  return condition.conditions.flatMap(clauses);
}

describe("explain", () => {
  it("evaluates every clause, also after the one that decides", () => {
    const { matched, condition } = explainText(
      '{ $.eventSource = "sns.amazonaws.com" && ($.errorCode = "*Denied*" || $.count > 2) && $.user NOT EXISTS }',
      { eventSource: "kms.amazonaws.com", errorCode: "AccessDenied", count: 1 },
    );
    expect(matched).toBe(false);
    expect(condition).toMatchObject({ type: "and", matched: false });
    expect(clauses(condition)).toEqual([
      '✗ $.eventSource = "sns.amazonaws.com"',
      '✓ $.errorCode = "*Denied*"',
      "✗ $.count > 2",
      "✓ $.user NOT EXISTS",
    ]);
  });

  it("returns the values that a selector finds, and none for a missing property", () => {
    const { condition } = explainText('{ $.a[*].b != "x" || $.constructor = "y" }', {
      a: [{ b: "x" }, { b: 2 }, {}],
    });
    expect(condition).toMatchObject({
      conditions: [{ values: ["x", 2] }, { values: [] }],
    });
  });

  it("formats constants, numbers and regular expressions as in a pattern", () => {
    const pattern = "{ $.a IS NULL || $.b IS TRUE || $.c = 1e3 || $.d = %^x% }";
    expect(
      clauses(explainText(pattern, { a: null, b: false, c: 1000, d: "xy" }).condition),
    ).toEqual(["✓ $.a IS NULL", "✗ $.b IS TRUE", "✓ $.c = 1e3", "✓ $.d = %^x%"]);
  });

  it.each([
    ['{ $.a = "b" }', "not JSON", false],
    ["ERROR", "an ERROR occurred", true],
    ["", "anything", true],
  ])("explains %s with %s by its result only", (pattern, message, matched) => {
    expect(explainText(pattern, message)).toEqual({ matched });
  });
});
