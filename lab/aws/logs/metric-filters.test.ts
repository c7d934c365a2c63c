import { describe, expect, test } from "vitest";
import { FILTER, LOG_GROUP } from "../../../cloudwatch/testing/fixtures.ts";
import { awsError } from "../testing/aws-error.ts";
import { logsWith, NOON } from "../testing/logs.ts";

describe("TestMetricFilter", () => {
  test("numbers the matching messages from 1", () => {
    expect(
      logsWith().call("TestMetricFilter", {
        filterPattern: '{ $.errorCode = "*" }',
        logEventMessages: ['{"errorCode":"AccessDenied"}', "{}", '{"errorCode":"X"}'],
      }),
    ).toEqual({
      matches: [
        { eventNumber: 1, eventMessage: '{"errorCode":"AccessDenied"}', extractedValues: {} },
        { eventNumber: 3, eventMessage: '{"errorCode":"X"}', extractedValues: {} },
      ],
    });
  });

  test("extracts the fields of a space-delimited pattern", () => {
    expect(
      logsWith().call("TestMetricFilter", {
        filterPattern: "[ip, status=4*]",
        logEventMessages: ["10.0.0.1 404"],
      }).matches,
    ).toEqual([
      {
        eventNumber: 1,
        eventMessage: "10.0.0.1 404",
        extractedValues: { $ip: "10.0.0.1", $status: "404" },
      },
    ]);
  });

  test.each([
    ["an invalid pattern", { filterPattern: "{ $.a == 1 }", logEventMessages: ["a"] }],
    ["no messages", { filterPattern: "a", logEventMessages: [] }],
    ["too many messages", { filterPattern: "a", logEventMessages: Array(51).fill("a") }],
    ["an empty message", { filterPattern: "a", logEventMessages: [""] }],
    ["no pattern", { logEventMessages: ["a"] }],
    ["a long pattern", { filterPattern: "a".repeat(1025), logEventMessages: ["a"] }],
  ])("rejects %s", (_, input) => {
    expect(() => logsWith().call("TestMetricFilter", input)).toThrow(
      awsError("InvalidParameterException"),
    );
  });
});

describe("DescribeMetricFilters", () => {
  const other = { ...FILTER, name: "another", pattern: "ERROR" };

  test("describes the metric filters of the deployment, sorted by name", () => {
    const { call } = logsWith({ metricFilters: [FILTER, other] });
    expect(call("DescribeMetricFilters", { logGroupName: LOG_GROUP.name })).toMatchObject({
      metricFilters: [
        { filterName: "another" },
        {
          filterName: FILTER.name,
          filterPattern: FILTER.pattern,
          logGroupName: LOG_GROUP.name,
          metricTransformations: [{ ...FILTER.transformation }],
          creationTime: NOON,
        },
      ],
    });
  });

  test("filters by prefix and by metric", () => {
    const { call } = logsWith({ metricFilters: [FILTER, other] });
    const prefixed = { logGroupName: LOG_GROUP.name, filterNamePrefix: "an" };
    expect(call("DescribeMetricFilters", prefixed).metricFilters).toHaveLength(1);
    const metric = { metricName: "kms-errors", metricNamespace: "Other" };
    expect(call("DescribeMetricFilters", metric).metricFilters).toHaveLength(0);
    expect(() => call("DescribeMetricFilters", { metricName: "kms-errors" })).toThrow(
      awsError("InvalidParameterException"),
    );
    expect(() => call("DescribeMetricFilters", { logGroupName: "/none" })).toThrow(
      awsError("ResourceNotFoundException", "The specified log group does not exist."),
    );
  });
});
