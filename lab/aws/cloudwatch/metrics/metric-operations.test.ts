import { describe, expect, test } from "vitest";
import { awsError } from "../../testing/aws-error.ts";
import { cloudWatchWith, DAY, MINUTE, NOON } from "../../testing/cloudwatch.ts";

describe("PutMetricData and GetMetricStatistics", () => {
  const query = {
    Namespace: "Example",
    MetricName: "Decrypts",
    StartTime: NOON / 1000,
    EndTime: (NOON + 5 * MINUTE) / 1000,
    Period: 60,
    Statistics: ["Sum", "SampleCount", "Minimum", "Maximum", "Average"],
  };

  test.each<[string, object, object]>([
    ["a value", { Value: 5 }, { Sum: 5, SampleCount: 1, Minimum: 5, Maximum: 5, Average: 5 }],
    [
      "values with counts",
      { Values: [1, 10], Counts: [3, 1] },
      { Sum: 13, SampleCount: 4, Minimum: 1, Maximum: 10, Average: 3.25 },
    ],
    [
      "a statistic set",
      { StatisticValues: { Sum: 20, SampleCount: 4, Minimum: 2, Maximum: 9 } },
      { Sum: 20, SampleCount: 4, Minimum: 2, Maximum: 9, Average: 5 },
    ],
    [
      "values encoded as in the Query protocol",
      { Values: ["1", "2"], Timestamp: "2026-11-20T12:00:30Z", StorageResolution: "60" },
      { Sum: 3, SampleCount: 2, Minimum: 1, Maximum: 2, Average: 1.5 },
    ],
  ])("store and return %s", (_, datum, statistics) => {
    const { call, put } = cloudWatchWith();
    put(datum);
    expect(call("GetMetricStatistics", query)).toEqual({
      Label: "Decrypts",
      Datapoints: [{ Timestamp: new Date(NOON), Unit: "None", ...statistics }],
    });
  });

  test("select datapoints by the second, by dimensions and by unit", () => {
    const { call, put } = cloudWatchWith();
    const dimensions = [{ Name: "Service", Value: "api" }];
    const at = (second: number) => (NOON + second * 1000) / 1000;
    for (const second of [3, 12]) {
      put({
        Value: second,
        Timestamp: at(second),
        StorageResolution: 1,
        Unit: "Count",
        Dimensions: dimensions,
      });
    }
    const bySecond = {
      ...query,
      StartTime: at(7),
      EndTime: at(60),
      Period: 10,
      Statistics: ["Sum"],
      Dimensions: dimensions,
    };
    // The start is rounded down to ten seconds.
    expect(call("GetMetricStatistics", bySecond).Datapoints).toEqual([
      { Timestamp: new Date(NOON), Sum: 3, Unit: "Count" },
      { Timestamp: new Date(NOON + 10_000), Sum: 12, Unit: "Count" },
    ]);
    expect(call("GetMetricStatistics", { ...bySecond, Unit: "Bytes" }).Datapoints).toEqual([]);
    expect(call("GetMetricStatistics", { ...bySecond, Dimensions: [] }).Datapoints).toEqual([]);
  });

  test.each<[string, object, string, unknown]>([
    ["no data", { MetricData: [] }, "MissingParameter", "The parameter MetricData is required."],
    [
      "null data",
      { MetricData: null },
      "MissingParameter",
      "The parameter MetricData is required.",
    ],
    [
      "too many data",
      { MetricData: Array(1001).fill({ MetricName: "a", Value: 1 }) },
      "InvalidParameterValue",
      "The collection MetricData must not have a size greater than 1000.",
    ],
    [
      "a namespace reserved for AWS",
      { Namespace: "AWS/KMS" },
      "InvalidParameterValue",
      "The value AWS/KMS for parameter Namespace is invalid.",
    ],
    [
      "no namespace",
      { Namespace: undefined },
      "MissingParameter",
      "The parameter Namespace is required.",
    ],
  ])("reject %s", (_, input, code, message) => {
    const { call } = cloudWatchWith();
    const request = { Namespace: "Example", MetricData: [{ MetricName: "a", Value: 1 }], ...input };
    expect(() => call("PutMetricData", request)).toThrow(awsError(code, message));
  });

  const where = "MetricData.member.1";

  test.each<[string, object, string, unknown]>([
    [
      "two kinds of value",
      { Value: 1, Values: [1] },
      "InvalidParameterCombination",
      `The parameters ${where}.Value and ${where}.Values are mutually exclusive and you have specified both.`,
    ],
    ["no value", {}, "InvalidParameterCombination", expect.stringContaining("must be specified")],
    [
      "counts that do not match the values",
      { Values: [1, 2], Counts: [1] },
      "InvalidParameterValue",
      `The parameters ${where}.Values and ${where}.Counts must be of the same size.`,
    ],
    [
      "NaN",
      { Value: "NaN" },
      "InvalidParameterValue",
      `The value NaN for parameter ${where}.Value is invalid.`,
    ],
    [
      "an infinite value",
      { Values: [1, "Infinity"] },
      "InvalidParameterValue",
      expect.stringContaining("Values.member.2"),
    ],
    ["too large a value", { Value: 2 ** 361 }, "InvalidParameterValue", expect.any(String)],
    ["a count of 0", { Values: [1], Counts: [0] }, "InvalidParameterValue", expect.any(String)],
    [
      "a minimum above the maximum",
      { StatisticValues: { Sum: 1, SampleCount: 1, Minimum: 2, Maximum: 1 } },
      "InvalidParameterValue",
      expect.stringContaining("Maximum"),
    ],
    [
      "an incomplete statistic set",
      { StatisticValues: { Sum: 1 } },
      "ValidationError",
      expect.stringContaining("'metricData.1.member.statisticValues.sampleCount'"),
    ],
    [
      "an invalid resolution",
      { Value: 1, StorageResolution: 10 },
      "InvalidParameterValue",
      expect.any(String),
    ],
    [
      "an unknown unit",
      { Value: 1, Unit: "Keys" },
      "ValidationError",
      expect.stringContaining("'Keys'"),
    ],
    [
      "a time too far in the past",
      { Value: 1, Timestamp: (NOON - 14 * DAY - 1) / 1000 },
      "InvalidParameterValue",
      `The parameter ${where}.Timestamp must specify a time within the past two weeks.`,
    ],
    [
      "a time too far in the future",
      { Value: 1, Timestamp: (NOON + DAY) / 1000 },
      "InvalidParameterValue",
      expect.any(String),
    ],
    [
      "no name",
      { MetricName: undefined, Value: 1 },
      "ValidationError",
      expect.stringContaining("metricName"),
    ],
    [
      "too many dimensions",
      { Value: 1, Dimensions: Array(31).fill({ Name: "a", Value: "b" }) },
      "ValidationError",
      expect.stringContaining("dimensions"),
    ],
  ])("reject a datum with %s and store nothing", (_, datum, code, message) => {
    const { put, metrics } = cloudWatchWith();
    expect(() => put(datum)).toThrow(awsError(code, message));
    expect(metrics.list()).toEqual([]);
  });

  test.each<[string, object, string, unknown]>([
    [
      "no metric name",
      { MetricName: undefined },
      "MissingParameter",
      "The parameter MetricName is required.",
    ],
    ["a period of 45", { Period: 45 }, "InvalidParameterValue", expect.stringContaining("45")],
    [
      "an end before its start",
      { EndTime: query.StartTime },
      "InvalidParameterValue",
      "The parameter StartTime must be less than the parameter EndTime.",
    ],
    ["no statistics", { Statistics: [] }, "InvalidParameterCombination", expect.any(String)],
    [
      "percentiles",
      { ExtendedStatistics: ["p99"] },
      "InvalidParameterValue",
      expect.stringContaining("p99"),
    ],
    [
      "too many datapoints",
      { EndTime: (NOON + 1441 * MINUTE) / 1000 },
      "InvalidParameterCombination",
      "You have requested up to 1,441 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
    ],
  ])("reject a query with %s", (_, input, code, message) => {
    expect(() => cloudWatchWith().call("GetMetricStatistics", { ...query, ...input })).toThrow(
      awsError(code, message),
    );
  });
});

test("ListMetrics filters by namespace, name, dimensions and recent data", () => {
  const { call, put, clock } = cloudWatchWith();
  const names = (input: object) =>
    call<{ Metrics: { MetricName: string }[] }>("ListMetrics", input).Metrics.map(
      ({ MetricName }) => MetricName,
    );
  put({ MetricName: "Old", Value: 1 });
  clock.advance(4 * 60 * MINUTE);
  put({ MetricName: "New", Value: 1, Dimensions: [{ Name: "Service", Value: "api" }] });
  put({ MetricName: "Elsewhere", Value: 1 }, "Other");
  expect(names({})).toEqual(["New", "Old", "Elsewhere"]);
  expect(names({ Namespace: "Other" })).toEqual(["Elsewhere"]);
  expect(names({ MetricName: "Old" })).toEqual(["Old"]);
  expect(names({ Dimensions: [{ Name: "Service" }] })).toEqual(["New"]);
  expect(names({ Dimensions: [{ Name: "Service", Value: "web" }] })).toEqual([]);
  expect(names({ Namespace: "Example", RecentlyActive: "PT3H" })).toEqual(["New"]);
});
