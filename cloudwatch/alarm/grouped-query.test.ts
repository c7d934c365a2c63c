import { describe, expect, test } from "vitest";
import { type GroupedMetric, groupedExpression, parseGroupedExpression } from "./grouped-query.ts";

const METRIC: GroupedMetric = {
  namespace: "Cipherwatch/dev/Service",
  metricName: "QuotaExceeded",
  dimensions: { Service: "api" },
  statistic: "Sum",
  groupBy: "Client",
};

const EXPRESSION =
  "SELECT SUM(QuotaExceeded) FROM SCHEMA(\"Cipherwatch/dev/Service\", Service, Client) WHERE Service = 'api' GROUP BY Client ORDER BY SUM() DESC";

test("writes the query of a metric, with a schema of exactly its dimensions", () => {
  expect(groupedExpression(METRIC)).toBe(EXPRESSION);
});

test.each<[string, Partial<GroupedMetric>]>([
  ["one dimension", {}],
  ["no other dimension", { dimensions: {} }],
  ["several dimensions", { dimensions: { Service: "api", Stage: "the 2nd AND last" } }],
  ["an average", { statistic: "Average" }],
  ["a count", { statistic: "SampleCount" }],
])("reads a query with %s back", (_, changes) => {
  const metric = { ...METRIC, ...changes };
  const parsed = parseGroupedExpression(groupedExpression(metric));
  expect(parsed).toEqual(metric);
});

test.each([
  ["is not ordered", EXPRESSION.replace(" ORDER BY SUM() DESC", "")],
  ["is ordered by another function", EXPRESSION.replace("ORDER BY SUM", "ORDER BY MAX")],
  ["is ascending", EXPRESSION.replace("DESC", "ASC")],
  ["has a limit", `${EXPRESSION} LIMIT 3`],
  ["has no schema", EXPRESSION.replace(/SCHEMA\([^)]+\)/, '"Cipherwatch/dev/Service"')],
  ["has another schema", EXPRESSION.replace(", Client)", ", Stage)")],
  ["does not compare for equality", EXPRESSION.replace("Service = 'api'", "Service != 'api'")],
  ["is metric math", "SUM(METRICS())"],
])("does not read a query that %s", (_, expression) => {
  expect(parseGroupedExpression(expression)).toBeUndefined();
});

describe("rejects what it cannot write", () => {
  test.each<[string, Partial<GroupedMetric>]>([
    ["a value with a quotation mark", { dimensions: { Service: "it's" } }],
    ["a name with a hyphen", { metricName: "kms-errors" }],
    ["a namespace with a quotation mark", { namespace: 'a"b' }],
  ])("%s", (_, changes) => {
    expect(() => groupedExpression({ ...METRIC, ...changes })).toThrow(
      /names must consist of letters, digits and underscores/,
    );
  });
});
