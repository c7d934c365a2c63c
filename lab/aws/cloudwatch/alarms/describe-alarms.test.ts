import { describe, expect, test } from "vitest";
import type { ThresholdAlarm } from "../../../../cloudwatch/alarm/alarm.ts";
import {
  ALARM,
  ANOMALY_ALARM,
  COMPOSITE_ALARM,
  TOPIC,
} from "../../../../cloudwatch/testing/fixtures.ts";
import { awsError } from "../../testing/aws-error.ts";
import { cloudWatchWith, MINUTE, NOON } from "../../testing/cloudwatch.ts";

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
  test("returns a new alarm with every member that AWS returns", () => {
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

  test("returns the evaluated datapoints, with numbers formatted as in AWS", () => {
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
  ])("filters by %j", (input, names) => {
    const { MetricAlarms } = cloudWatchWith(numbered(12)).call<Alarms>("DescribeAlarms", input);
    expect(MetricAlarms.map(({ AlarmName }) => AlarmName)).toEqual(names);
  });

  test("returns pages of 100", () => {
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
  ])("rejects %j with %s", (input, code) => {
    expect(() => cloudWatchWith().call("DescribeAlarms", input)).toThrow(awsError(code));
  });
});

describe("DescribeAlarms with composite and anomaly alarms", () => {
  const alarms = [ALARM, { ...ALARM, name: "other" }, ANOMALY_ALARM, COMPOSITE_ALARM];

  interface AllAlarms extends Alarms {
    readonly CompositeAlarms: readonly { readonly AlarmName: string }[];
  }

  const namesOf = (input: object) => {
    const { MetricAlarms, CompositeAlarms } = cloudWatchWith(alarms).call<AllAlarms>(
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
  ])("filters by %j", (input, metric, composite) => {
    expect(namesOf(input)).toEqual([metric, composite]);
  });

  test("returns their conditions", () => {
    const { call } = cloudWatchWith(alarms);
    const AlarmTypes = ["CompositeAlarm", "MetricAlarm"];
    const { MetricAlarms, CompositeAlarms } = call<AllAlarms>("DescribeAlarms", { AlarmTypes });
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

  test("returns states and actions set through the API", () => {
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
