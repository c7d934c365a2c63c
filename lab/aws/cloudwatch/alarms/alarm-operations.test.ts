import { describe, expect, test } from "vitest";
import { ALARM, GROUPED_ALARM, TOPIC } from "../../../../cloudwatch/testing/fixtures.ts";
import { awsError } from "../../testing/aws-error.ts";
import { cloudWatchWith, MINUTE, NOON } from "../../testing/cloudwatch.ts";

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

  test("returns the newest items first, or the oldest with TimestampAscending", () => {
    const { types } = alarmed();
    const all = ["Action", "StateUpdate", "ConfigurationUpdate"];
    expect(types()).toEqual(all);
    expect(types({ ScanBy: "TimestampAscending" })).toEqual(all.toReversed());
  });

  test("filters by alarm, type and time, and returns pages", () => {
    const { types, history } = alarmed();
    expect(types({ AlarmName: "none" })).toEqual([]);
    expect(types({ HistoryItemType: "StateUpdate" })).toEqual(["StateUpdate"]);
    expect(types({ EndDate: NOON / 1000 })).toEqual(["ConfigurationUpdate"]);
    expect(types({ StartDate: new Date(NOON + 1) })).toEqual(["Action", "StateUpdate"]);
    const { NextToken } = history({ MaxRecords: 2 });
    expect(types({ MaxRecords: 2, NextToken })).toEqual(["ConfigurationUpdate"]);
  });

  test("returns both states and their reasons for a state update", () => {
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

  test("returns the configuration for a created alarm", () => {
    const [item] = alarmed().history({ HistoryItemType: "ConfigurationUpdate" }).AlarmHistoryItems;
    expect(JSON.parse(item?.HistoryData ?? "")).toMatchObject({
      type: "Create",
      createdAlarm: { alarmName: "kms-errors", threshold: 3, alarmActions: [TOPIC.arn] },
    });
  });
});

describe("SetAlarmState", () => {
  const request = { AlarmName: ALARM.name, StateValue: "ALARM", StateReason: "a drill" };

  test("sets the state with its reason", () => {
    const { call } = cloudWatchWith();
    expect(call("SetAlarmState", { ...request, StateReasonData: '{"drill": 1}' })).toEqual({});
    expect(call("DescribeAlarms", {})).toMatchObject({
      MetricAlarms: [
        { StateValue: "ALARM", StateReason: "a drill", StateReasonData: '{"drill": 1}' },
      ],
    });
  });

  test.each<[string, object, ReturnType<typeof awsError>]>([
    ["an unknown alarm", { AlarmName: "none" }, awsError("ResourceNotFound", "", 404)],
    [
      "an unknown state",
      { StateValue: "INVALID" },
      awsError(
        "ValidationError",
        "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
      ),
    ],
    ["no reason", { StateReason: undefined }, awsError("ValidationError")],
    ["data that is not JSON", { StateReasonData: "{" }, awsError("InvalidFormat")],
  ])("rejects %s", (_, input, expected) => {
    expect(() => cloudWatchWith().call("SetAlarmState", { ...request, ...input })).toThrow(
      expected,
    );
  });
});

test("disables and enables actions by alarm name, and ignores unknown names", () => {
  const { call } = cloudWatchWith();
  const enabled = () =>
    call<{ MetricAlarms: { ActionsEnabled: boolean }[] }>("DescribeAlarms", {}).MetricAlarms[0]
      ?.ActionsEnabled;
  call("DisableAlarmActions", { AlarmNames: [ALARM.name, "none"] });
  expect(enabled()).toBe(false);
  call("EnableAlarmActions", { AlarmNames: [ALARM.name] });
  expect(enabled()).toBe(true);
});

// Responses captured from AWS in September 2026.
describe("the contributors of an alarm", () => {
  const { name: AlarmName } = GROUPED_ALARM;

  function alarmed() {
    const lab = cloudWatchWith([ALARM, GROUPED_ALARM]);
    lab.cloudWatch.start();
    const Dimensions = [
      { Name: "Stage", Value: "dev" },
      { Name: "Team", Value: "a" },
    ];
    lab.put({ MetricName: "kms_errors", Value: 4, Dimensions });
    lab.clock.advance(MINUTE);
    const history = (input = {}) =>
      lab.call<{ AlarmHistoryItems: readonly Record<string, unknown>[] }>("DescribeAlarmHistory", {
        AlarmName,
        ...input,
      }).AlarmHistoryItems;
    return { ...lab, history };
  }

  const describeContributors = (input: object) =>
    alarmed().call<{ readonly AlarmContributors: readonly object[] }>(
      "DescribeAlarmContributors",
      input,
    );

  test("are those in ALARM", () => {
    expect(describeContributors({ AlarmName }).AlarmContributors).toEqual([
      {
        ContributorId: expect.stringMatching(/^[0-9a-f]{16}$/),
        ContributorAttributes: new Map([["Team", "a"]]),
        StateReason: expect.stringContaining("was greater than or equal to the threshold (3.0)"),
        StateTransitionedTimestamp: new Date(NOON + MINUTE),
      },
    ]);
  });

  test.each([
    ["absent", "ResourceNotFoundException", 404, "No alarm for name absent was found"],
    [ALARM.name, "ValidationError", 400, `Alarm ${ALARM.name} is not a multi time series alarm`],
  ])("of the alarm %s are rejected with %s", (name, code, status, message) => {
    expect(() => describeContributors({ AlarmName: name })).toThrow(
      awsError(code, message, status),
    );
  });

  test("have their own types of history, which the history of the alarm leaves out", () => {
    const { history } = alarmed();
    const types = (input = {}) => history(input).map(({ HistoryItemType }) => HistoryItemType);
    expect(types()).toEqual(["StateUpdate", "ConfigurationUpdate"]);
    const [update] = history({ HistoryItemType: "AlarmContributorStateUpdate" });
    expect(update).toMatchObject({
      AlarmContributorId: expect.stringMatching(/^[0-9a-f]{16}$/),
      AlarmContributorAttributes: new Map([["Team", "a"]]),
      HistorySummary: "Contributor state updated to ALARM",
    });
    const AlarmContributorId = update?.AlarmContributorId;
    expect(types({ AlarmContributorId })).toEqual([
      "AlarmContributorAction",
      "AlarmContributorStateUpdate",
    ]);
    expect(types({ AlarmContributorId: "0123456789abcdef" })).toEqual([]);
  });

  test("change the reason of the alarm, which its history records", () => {
    const { put, clock, history } = alarmed();
    const Dimensions = [
      { Name: "Stage", Value: "dev" },
      { Name: "Team", Value: "b" },
    ];
    put({ MetricName: "kms_errors", Value: 4, Dimensions });
    clock.advance(MINUTE);
    expect(history({ HistoryItemType: "StateUpdate" })[0]?.HistorySummary).toBe(
      'State Reason changed from "1 out of 1 time series evaluated to ALARM" to "2 out of 2 time series evaluated to ALARM"',
    );
  });

  test("do not change the description of the alarm, which has the query", () => {
    const { call } = alarmed();
    const { MetricAlarms } = call<{ readonly MetricAlarms: readonly object[] }>("DescribeAlarms", {
      AlarmNames: [AlarmName],
    });
    expect(MetricAlarms[0]).toMatchObject({
      StateValue: "ALARM",
      StateReason: "1 out of 1 time series evaluated to ALARM",
      StateReasonData: '{"version":"1.0","queryDate":"2026-11-20T12:01:00.000+0000"}',
      Dimensions: [],
      Metrics: [
        {
          Id: "q1",
          Expression: expect.stringMatching(/GROUP BY Team/),
          ReturnData: true,
          Period: 60,
        },
      ],
    });
    expect(MetricAlarms[0]).not.toHaveProperty("MetricName");
  });
});
