import { describe, expect, test } from "vitest";
import type { Alarm, ThresholdAlarm } from "../../../cloudwatch/alarm/alarm.ts";
import {
  ACCOUNT,
  ALARM,
  ANOMALY_ALARM,
  COMPOSITE_ALARM,
  TOPIC,
} from "../../../cloudwatch/testing/samples.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import type { Call } from "../shared/operation.ts";
import { createCloudWatch } from "./cloudwatch.ts";
import { createMetrics, type MetricsEntry } from "./metrics/metrics.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function cloudWatchWith(alarms: readonly Alarm[] = [ALARM]) {
  const clock = manualClock(NOON);
  const metrics = createMetrics({ clock, journal: memoryJournal<MetricsEntry>() });
  const cloudWatch = createCloudWatch({
    clock,
    ...ACCOUNT,
    alarms,
    metrics,
    notify: () => {},
    journal: memoryJournal(),
  });
  const call = <Answer = Readonly<Record<string, unknown>>>(operation: string, input: unknown) =>
    cloudWatch.operations[operation]?.(input, {} as Call) as Answer;
  const put = (datum: object, Namespace = "Example") =>
    call("PutMetricData", { Namespace, MetricData: [{ MetricName: "Decrypts", ...datum }] });
  return { clock, metrics, cloudWatch, call, put };
}

const refusal = (code: string, message: unknown = expect.any(String), status = 400) =>
  expect.objectContaining({ code, message, status });

const numbered = (count: number): ThresholdAlarm[] =>
  Array.from({ length: count }, (_, index) => ({
    ...ALARM,
    name: `alarm-${String(index).padStart(3, "0")}`,
  }));

interface Alarms {
  readonly MetricAlarms: readonly { readonly AlarmName: string }[];
  readonly NextToken?: string;
}

describe("DescribeAlarms", () => {
  test("shows a new alarm as AWS does", () => {
    const { call } = cloudWatchWith();
    expect(call("DescribeAlarms", {})).toEqual({
      MetricAlarms: [
        {
          AlarmName: "kms-errors",
          AlarmArn: ALARM.arn,
          AlarmDescription: ALARM.description,
          AlarmConfigurationUpdatedTimestamp: new Date(NOON),
          ActionsEnabled: true,
          OKActions: [],
          AlarmActions: [TOPIC.arn],
          InsufficientDataActions: [],
          StateValue: "INSUFFICIENT_DATA",
          StateReason: "Unchecked: Initial alarm creation",
          StateReasonData: undefined,
          StateUpdatedTimestamp: new Date(NOON),
          MetricName: "kms-errors",
          Namespace: "Example",
          Statistic: "Sum",
          Dimensions: [],
          Period: 60,
          EvaluationPeriods: 1,
          DatapointsToAlarm: 1,
          Threshold: 3,
          ComparisonOperator: "GreaterThanOrEqualToThreshold",
          TreatMissingData: "notBreaching",
          StateTransitionedTimestamp: new Date(NOON),
        },
      ],
      CompositeAlarms: [],
      NextToken: undefined,
    });
  });

  test("tells what an evaluation looked at, with numbers as AWS writes them", () => {
    const { call, cloudWatch, clock, put } = cloudWatchWith();
    cloudWatch.start();
    put({ MetricName: "kms-errors", Value: 4 });
    clock.advance(MINUTE);
    expect(call("DescribeAlarms", {})).toMatchObject({
      MetricAlarms: [
        {
          StateValue: "ALARM",
          StateReason:
            "Threshold Crossed: 1 out of the last 1 datapoints [4.0 (20/11/26 12:00:00)] was greater than or equal to the threshold (3.0) (minimum 1 datapoint for OK -> ALARM transition).",
          StateReasonData:
            '{"version":"1.0","queryDate":"2026-11-20T12:01:00.000+0000","startDate":"2026-11-20T12:00:00.000+0000","statistic":"Sum","period":60,"recentDatapoints":[4.0],"threshold":3.0,"evaluatedDatapoints":[{"timestamp":"2026-11-20T12:00:00.000+0000","sampleCount":1.0,"value":4.0}]}',
        },
      ],
    });
  });

  test.each<[object, readonly string[]]>([
    [{ AlarmNames: ["alarm-001", "none"] }, ["alarm-001"]],
    [{ AlarmNamePrefix: "alarm-00", MaxRecords: "2" }, ["alarm-000", "alarm-001"]],
    [{ StateValue: "OK" }, []],
    [{ ActionPrefix: "arn:aws:lambda" }, []],
    [{ ActionPrefix: "arn:aws:sns", MaxRecords: 1 }, ["alarm-000"]],
    [{ AlarmTypes: ["CompositeAlarm"] }, []],
    [{ ChildrenOfAlarmName: "alarm-000" }, []],
  ])("%j", (input, names) => {
    const { MetricAlarms } = cloudWatchWith(numbered(12)).call<Alarms>("DescribeAlarms", input);
    expect(MetricAlarms.map(({ AlarmName }) => AlarmName)).toEqual(names);
  });

  test("comes in pages of a hundred", () => {
    const { call } = cloudWatchWith(numbered(150));
    const first = call<Alarms>("DescribeAlarms", {});
    const second = call<Alarms>("DescribeAlarms", { NextToken: first.NextToken });
    expect([first.MetricAlarms.length, second.MetricAlarms.length]).toEqual([100, 50]);
    expect(second.NextToken).toBeUndefined();
  });

  test.each<[object, string]>([
    [{ StateValue: "BAD" }, "ValidationError"],
    [{ MaxRecords: 101 }, "ValidationError"],
    [{ AlarmNames: ["a"], AlarmNamePrefix: "a" }, "InvalidParameterCombination"],
    [{ NextToken: "made up" }, "InvalidNextToken"],
  ])("%j is %s", (input, code) => {
    expect(() => cloudWatchWith().call("DescribeAlarms", input)).toThrow(refusal(code));
  });
});

describe("composite alarms and alarms on a band", () => {
  const alarms = [ALARM, { ...ALARM, name: "other" }, ANOMALY_ALARM, COMPOSITE_ALARM];

  interface All extends Alarms {
    readonly CompositeAlarms: readonly { readonly AlarmName: string }[];
  }

  const namesOf = (input: object) => {
    const { MetricAlarms, CompositeAlarms } = cloudWatchWith(alarms).call<All>(
      "DescribeAlarms",
      input,
    );
    const names = (of: readonly { readonly AlarmName: string }[]) =>
      of.map(({ AlarmName }) => AlarmName);
    return [names(MetricAlarms), names(CompositeAlarms)];
  };

  test.each<[object, readonly string[], readonly string[]]>([
    [{}, ["kms-errors", "kms-errors-anomaly", "other"], []],
    [{ AlarmTypes: ["CompositeAlarm"] }, [], ["both"]],
    [
      { AlarmTypes: ["CompositeAlarm", "MetricAlarm"], AlarmNames: ["both", "other"] },
      ["other"],
      ["both"],
    ],
    [{ ChildrenOfAlarmName: "both" }, ["kms-errors", "other"], []],
    [{ ParentsOfAlarmName: "other" }, [], ["both"]],
    [{ ParentsOfAlarmName: "kms-errors-anomaly" }, [], []],
  ])("%j", (input, metric, composite) => {
    expect(namesOf(input)).toEqual([metric, composite]);
  });

  test("say what they fire on", () => {
    const { call } = cloudWatchWith(alarms);
    const AlarmTypes = ["CompositeAlarm", "MetricAlarm"];
    const { MetricAlarms, CompositeAlarms } = call<All>("DescribeAlarms", { AlarmTypes });
    expect(CompositeAlarms[0]).toMatchObject({ AlarmRule: COMPOSITE_ALARM.rule });
    expect(MetricAlarms.find(({ AlarmName }) => AlarmName === ANOMALY_ALARM.name)).toMatchObject({
      ComparisonOperator: "GreaterThanUpperThreshold",
      ThresholdMetricId: "band",
      Metrics: [
        {
          Id: "m1",
          MetricStat: { Metric: { MetricName: "kms-errors" }, Period: 300, Stat: "Sum" },
        },
        { Id: "band", Expression: "ANOMALY_DETECTION_BAND(m1, 2)" },
      ],
    });
  });

  test("can be set and muted like others", () => {
    const { call, cloudWatch } = cloudWatchWith(alarms);
    call("DisableAlarmActions", { AlarmNames: ["both"] });
    call("SetAlarmState", { AlarmName: "both", StateValue: "ALARM", StateReason: "a test" });
    expect(cloudWatch.state().alarms.find(({ alarm }) => alarm.name === "both")).toMatchObject({
      actionsEnabled: false,
      state: { value: "ALARM", reason: "a test" },
    });
    const history = call<{ readonly AlarmHistoryItems: readonly object[] }>(
      "DescribeAlarmHistory",
      {
        AlarmTypes: ["CompositeAlarm"],
        HistoryItemType: "StateUpdate",
      },
    );
    expect(history.AlarmHistoryItems).toMatchObject([
      { AlarmName: "both", AlarmType: "CompositeAlarm" },
    ]);
  });
});

describe("DescribeAlarmHistory", () => {
  interface History {
    readonly AlarmHistoryItems: readonly {
      readonly HistorySummary: string;
      readonly HistoryItemType: string;
      readonly HistoryData: string;
      readonly Timestamp: Date;
    }[];
    readonly NextToken?: string;
  }

  function alarmed() {
    const lab = cloudWatchWith();
    lab.cloudWatch.start();
    lab.put({ MetricName: "kms-errors", Value: 4 });
    lab.clock.advance(MINUTE);
    const history = (input = {}) => lab.call<History>("DescribeAlarmHistory", input);
    const types = (input = {}) =>
      history(input).AlarmHistoryItems.map(({ HistoryItemType }) => HistoryItemType);
    return { ...lab, history, types };
  }

  test("is newest first, or oldest first where asked", () => {
    const { types } = alarmed();
    const all = ["Action", "StateUpdate", "ConfigurationUpdate"];
    expect(types()).toEqual(all);
    expect(types({ ScanBy: "TimestampAscending" })).toEqual(all.toReversed());
  });

  test("narrows by alarm, type and time, and pages", () => {
    const { types, history } = alarmed();
    expect(types({ AlarmName: "none" })).toEqual([]);
    expect(types({ HistoryItemType: "StateUpdate" })).toEqual(["StateUpdate"]);
    expect(types({ EndDate: NOON / 1000 })).toEqual(["ConfigurationUpdate"]);
    expect(types({ StartDate: new Date(NOON + 1) })).toEqual(["Action", "StateUpdate"]);
    const { NextToken } = history({ MaxRecords: 2 });
    expect(types({ MaxRecords: 2, NextToken })).toEqual(["ConfigurationUpdate"]);
  });

  test("a state update has both states with their reasons", () => {
    const [item] = alarmed().history({ HistoryItemType: "StateUpdate" }).AlarmHistoryItems;
    expect(item).toMatchObject({
      HistorySummary: "Alarm updated from INSUFFICIENT_DATA to ALARM",
      Timestamp: new Date(NOON + MINUTE),
    });
    expect(JSON.parse(item?.HistoryData ?? "")).toMatchObject({
      version: "1.0",
      oldState: {
        stateValue: "INSUFFICIENT_DATA",
        stateReason: "Unchecked: Initial alarm creation",
      },
      newState: { stateValue: "ALARM", stateReasonData: { recentDatapoints: [4], threshold: 3 } },
    });
  });

  test("a creation has the alarm's configuration", () => {
    const [item] = alarmed().history({ HistoryItemType: "ConfigurationUpdate" }).AlarmHistoryItems;
    expect(JSON.parse(item?.HistoryData ?? "")).toMatchObject({
      type: "Create",
      createdAlarm: { alarmName: "kms-errors", threshold: 3, alarmActions: [TOPIC.arn] },
    });
  });
});

describe("SetAlarmState", () => {
  const request = { AlarmName: ALARM.name, StateValue: "ALARM", StateReason: "a drill" };

  test("sets the state with the reason given", () => {
    const { call } = cloudWatchWith();
    expect(call("SetAlarmState", { ...request, StateReasonData: '{"drill": 1}' })).toEqual({});
    expect(call("DescribeAlarms", {})).toMatchObject({
      MetricAlarms: [
        { StateValue: "ALARM", StateReason: "a drill", StateReasonData: '{"drill": 1}' },
      ],
    });
  });

  test.each<[string, object, ReturnType<typeof refusal>]>([
    ["an unknown alarm", { AlarmName: "none" }, refusal("ResourceNotFound", "", 404)],
    [
      "an unknown state",
      { StateValue: "INVALID" },
      refusal(
        "ValidationError",
        "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
      ),
    ],
    ["no reason", { StateReason: undefined }, refusal("ValidationError")],
    ["data that is not JSON", { StateReasonData: "{" }, refusal("InvalidFormat")],
  ])("%s is refused", (_, input, expected) => {
    expect(() => cloudWatchWith().call("SetAlarmState", { ...request, ...input })).toThrow(
      expected,
    );
  });
});

test("actions are disabled and enabled by name; unknown names do nothing", () => {
  const { call } = cloudWatchWith();
  const enabled = () =>
    call<{ MetricAlarms: { ActionsEnabled: boolean }[] }>("DescribeAlarms", {}).MetricAlarms[0]
      ?.ActionsEnabled;
  call("DisableAlarmActions", { AlarmNames: [ALARM.name, "none"] });
  expect(enabled()).toBe(false);
  call("EnableAlarmActions", { AlarmNames: [ALARM.name] });
  expect(enabled()).toBe(true);
});

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
      "all as the Query protocol sends it",
      { Values: ["1", "2"], Timestamp: "2026-11-20T12:00:30Z", StorageResolution: "60" },
      { Sum: 3, SampleCount: 2, Minimum: 1, Maximum: 2, Average: 1.5 },
    ],
  ])("%s", (_, datum, statistics) => {
    const { call, put } = cloudWatchWith();
    put(datum);
    expect(call("GetMetricStatistics", query)).toEqual({
      Label: "Decrypts",
      Datapoints: [{ Timestamp: new Date(NOON), Unit: "None", ...statistics }],
    });
  });

  test("by the second, by dimension, by unit", () => {
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
    // The start is rounded down to a full ten seconds.
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
      "none at all",
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
      "a namespace of AWS",
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
  ])("%s is refused", (_, input, code, message) => {
    const { call } = cloudWatchWith();
    const request = { Namespace: "Example", MetricData: [{ MetricName: "a", Value: 1 }], ...input };
    expect(() => call("PutMetricData", request)).toThrow(refusal(code, message));
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
      "counts that do not fit",
      { Values: [1, 2], Counts: [1] },
      "InvalidParameterValue",
      `The parameters ${where}.Values and ${where}.Counts must be of the same size.`,
    ],
    [
      "not a number",
      { Value: "NaN" },
      "InvalidParameterValue",
      `The value NaN for parameter ${where}.Value is invalid.`,
    ],
    [
      "no end",
      { Values: [1, "Infinity"] },
      "InvalidParameterValue",
      expect.stringContaining("Values.member.2"),
    ],
    ["too large", { Value: 2 ** 361 }, "InvalidParameterValue", expect.any(String)],
    [
      "a count of nothing",
      { Values: [1], Counts: [0] },
      "InvalidParameterValue",
      expect.any(String),
    ],
    [
      "a least above the greatest",
      { StatisticValues: { Sum: 1, SampleCount: 1, Minimum: 2, Maximum: 1 } },
      "InvalidParameterValue",
      expect.stringContaining("Maximum"),
    ],
    [
      "half a statistic set",
      { StatisticValues: { Sum: 1 } },
      "ValidationError",
      expect.stringContaining("'metricData.1.member.statisticValues.sampleCount'"),
    ],
    [
      "a resolution that does not exist",
      { Value: 1, StorageResolution: 10 },
      "InvalidParameterValue",
      expect.any(String),
    ],
    [
      "a unit that does not exist",
      { Value: 1, Unit: "Keys" },
      "ValidationError",
      expect.stringContaining("'Keys'"),
    ],
    [
      "a time too long ago",
      { Value: 1, Timestamp: (NOON - 14 * DAY - 1) / 1000 },
      "InvalidParameterValue",
      `The parameter ${where}.Timestamp must specify a time within the past two weeks.`,
    ],
    [
      "a time too far ahead",
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
  ])("a datum with %s is refused and nothing is stored", (_, datum, code, message) => {
    const { put, metrics } = cloudWatchWith();
    expect(() => put(datum)).toThrow(refusal(code, message));
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
  ])("a query with %s is refused", (_, input, code, message) => {
    expect(() => cloudWatchWith().call("GetMetricStatistics", { ...query, ...input })).toThrow(
      refusal(code, message),
    );
  });
});

test("ListMetrics narrows by namespace, name, dimension and recent data", () => {
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
