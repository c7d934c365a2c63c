import { describe, expect, test } from "vitest";
import { compileMetricFilters } from "./compile-metric-filter.ts";
import cases from "./fixtures/metric-filter-publishing-cases.json" with { type: "json" };
import { type MetricDatum, mergeStatistics } from "./metric.ts";
import type { MetricFilter, MetricTransformation } from "./metric-filter.ts";
import { FILTER, LOG_GROUP } from "./testing/fixtures.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");
const MINUTE = 60_000;

function filter(pattern: string, transformation: Partial<MetricTransformation> = {}): MetricFilter {
  const { defaultValue: _, ...rest } = FILTER.transformation;
  return { ...FILTER, pattern, transformation: { ...rest, ...transformation } };
}

/** Returns the datapoints by the minute that a metric filter publishes for these messages. */
function publish(
  metricFilter: MetricFilter,
  batches: readonly (readonly string[])[],
  times: readonly number[] = [NOON],
) {
  const [compiled] = compileMetricFilters([metricFilter], [LOG_GROUP]).get(LOG_GROUP.name) ?? [];
  const published = batches.flat().flatMap((message, index) => {
    const timestamp = times[index % times.length] ?? NOON;
    return compiled?.publish({ message, timestamp }) ?? [];
  });
  const minutes = new Map<string, MetricDatum>();
  for (const datum of published) {
    const timestamp = datum.timestamp - (datum.timestamp % MINUTE);
    const key = JSON.stringify([timestamp, datum.unit, datum.dimensions]);
    minutes.set(key, { ...datum, timestamp, ...mergeStatistics(minutes.get(key), datum) });
  }
  return [...minutes.values()].map(({ timestamp, unit, dimensions, ...set }) => ({
    timestamp,
    unit,
    dimensions,
    statistics: {
      Sum: set.sum,
      SampleCount: set.sampleCount,
      Minimum: set.minimum,
      Maximum: set.maximum,
    },
  }));
}

describe("publishes what AWS was observed to publish", () => {
  const { filterPattern, metricValue, defaultValue } = cases.defaults;

  test.each(cases.defaults.cases)("for $name", ({ batches, expected }) => {
    const datapoints = publish(filter(filterPattern, { metricValue, defaultValue }), batches);
    expect(datapoints.map(({ statistics }) => statistics)).toEqual([expected]);
  });

  test.each(cases.extraction.cases)(
    "for an extracted value: $message.case",
    ({ message, expected }) => {
      const rule = cases.extraction;
      const datapoints = publish(filter(rule.filterPattern, rule), [[JSON.stringify(message)]]);
      if ("datapoints" in expected) expect(datapoints).toEqual(expected.datapoints);
      else expect(datapoints).toMatchObject([{ statistics: expected }]);
    },
  );

  test("only for extracted numbers if there is no default value", () => {
    const rule = filter(cases.extraction.filterPattern, { metricValue: "$.value" });
    const messages = cases.extraction.cases.map(({ message }) => JSON.stringify(message));
    expect(publish(rule, [[...messages, "no JSON at all"]])).toMatchObject([
      { statistics: { Sum: 3, SampleCount: 1 } },
    ]);
  });

  test("in the minute of the event, however far from now", () => {
    const times = [NOON - 30 * MINUTE + 59_999, NOON, NOON + 30 * MINUTE];
    expect(
      publish(filter("ERROR"), [["ERROR", "ERROR", "ERROR"]], times).map(
        ({ timestamp }) => (timestamp - NOON) / MINUTE,
      ),
    ).toEqual([-30, 0, 30]);
  });

  test("nothing without events", () => {
    expect(publish(filter("ERROR", { defaultValue: 7 }), [])).toEqual([]);
  });
});

describe("values", () => {
  test.each([
    ["publishes a number in a string", '"12.5"', 12.5],
    ["publishes a number with an exponent", "1e3", 1000],
    ["ignores a number that overflows", "1e999", undefined],
    ["ignores a boolean", "true", undefined],
    ["ignores an object", "{}", undefined],
  ])("%s", (_, value, sum) => {
    const datapoints = publish(filter("{ $.hit = 1 }", { metricValue: "$.a.b[1]" }), [
      [`{"hit":1,"a":{"b":[0,${value}]}}`],
    ]);
    expect(datapoints.map(({ statistics }) => statistics.Sum)).toEqual(
      sum === undefined ? [] : [sum],
    );
  });

  test("publishes a field of a space-delimited pattern with its unit", () => {
    const rule = filter("[ip, status, bytes]", { metricValue: "$bytes", unit: "Bytes" });
    expect(publish(rule, [["10.0.0.1 200 512"]])).toMatchObject([
      { unit: "Bytes", statistics: { Sum: 512 } },
    ]);
  });
});

describe("dimensions", () => {
  const dimensions = { Region: "$.awsRegion", Code: "$.code" };

  test("publish one metric for each combination of values", () => {
    const datapoints = publish(filter("{ $.hit = 1 }", { dimensions }), [
      ['{"hit":1,"awsRegion":"a","code":7}', '{"hit":1,"awsRegion":"b","code":7}', '{"hit":0}'],
    ]);
    expect(datapoints.map((datapoint) => datapoint.dimensions)).toEqual([
      { Region: "a", Code: "7" },
      { Region: "b", Code: "7" },
    ]);
  });

  test("are all omitted if one field is missing", () => {
    const datapoints = publish(filter("{ $.hit = 1 }", { dimensions }), [
      ['{"hit":1,"awsRegion":"a"}', '{"hit":1,"awsRegion":"a","code":null}'],
    ]);
    expect(datapoints).toMatchObject([{ dimensions: {}, statistics: { Sum: 2 } }]);
  });
});

describe("rejects what AWS would reject, naming the filter", () => {
  const four = { a: "$.a", b: "$.b", c: "$.c", d: "$.d" };

  test.each<[string, MetricFilter, RegExp]>([
    ["an invalid pattern", filter("{ $.a == 1 }"), /InvalidParameterException: .*\{ \$\.a == 1 \}/],
    ["a pattern that is too long", filter("a".repeat(1025)), /1024/],
    [
      "dimensions with a default value",
      filter("{ $.a = 1 }", { dimensions: { a: "$.a" }, defaultValue: 0 }),
      /dimensions and default value are mutually exclusive properties/,
    ],
    [
      "dimensions of a text pattern",
      filter("ERROR", { dimensions: { a: "$.a" } }),
      /The specified filter pattern does not support dimensions/,
    ],
    ["a fourth dimension", filter("{ $.a = 1 }", { dimensions: four }), /4 dimensions; at most 3/],
    [
      "a dimension that is not a path",
      filter("{ $.a = 1 }", { dimensions: { a: "literal" } }),
      /dimension a is literal; it must be \$\.path/,
    ],
    [
      "a value that is neither a number nor a path",
      filter("ERROR", { metricValue: "one" }),
      /metricValue is one/,
    ],
    ["a value with a wildcard", filter("{ $.a = 1 }", { metricValue: "$.b[*]" }), /metricValue/],
    ["a name that is too long", { ...FILTER, name: "n".repeat(513) }, /'filterName'.* 512/],
    [
      "an invalid metric name",
      filter("a", { metricName: "a:b" }),
      /'metricName'.*regular expression/,
    ],
    [
      "a namespace that is too long",
      filter("a", { metricNamespace: "n".repeat(256) }),
      /'metricNamespace'.* 255/,
    ],
    ["an unknown log group", { ...FILTER, logGroupName: "/none" }, /log group does not exist/],
  ])("%s", (_, invalid, message) => {
    const compile = () => compileMetricFilters([invalid], [LOG_GROUP]);
    expect(compile).toThrow(message);
    expect(compile).toThrow(`metric filter ${invalid.name} of log group ${invalid.logGroupName}`);
  });

  const numbered = (count: number, pattern: string) =>
    Array.from({ length: count }, (_, index) => ({ ...filter(pattern), name: `filter-${index}` }));

  test("more than 100 filters in a log group, or more than 5 with a regular expression", () => {
    const compile = (filters: readonly MetricFilter[]) => () =>
      compileMetricFilters(filters, [LOG_GROUP]);
    expect(compile(numbered(100, "a"))).not.toThrow();
    expect(compile(numbered(101, "a"))).toThrow("filter-100");
    expect(compile(numbered(5, "{ $.a = %b% }"))).not.toThrow();
    expect(compile(numbered(6, "{ $.a = %b% }"))).toThrow("filter-5");
    expect(compile(numbered(6, '{ $.a = "%b%" }'))).not.toThrow();
    expect(compile([FILTER, FILTER])).toThrow("another filter of this name");
  });
});
