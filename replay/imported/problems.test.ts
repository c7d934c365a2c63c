import { describe, expect, it } from "vitest";
import type { ThresholdAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { isAnomalyAlarm } from "../../cloudwatch/alarm/alarm.ts";
import type { MetricFilter, MetricTransformation } from "../../cloudwatch/metric-filter.ts";
import { synthesizedDetections } from "../detections/synthesized.ts";
import { planFile } from "../testing/plan-fixtures.ts";
import { importedDetections } from "./detections.ts";
import { findProblems } from "./problems.ts";

const FILTER: MetricFilter = {
  name: "stop",
  logGroupName: "trail",
  pattern: "{ $.eventName = StopLogging }",
  transformation: { metricName: "stop", metricNamespace: "Security", metricValue: "1" },
};
const ALARM: ThresholdAlarm = {
  name: "stop-alarm",
  arn: "",
  description: "",
  namespace: "Security",
  metricName: "stop",
  dimensions: {},
  statistic: "Sum",
  period: 300,
  evaluationPeriods: 3,
  datapointsToAlarm: 1,
  threshold: 1,
  comparisonOperator: "GreaterThanOrEqualToThreshold",
  treatMissingData: "notBreaching",
  actionsEnabled: true,
  alarmActions: ["arn:aws:sns:eu-west-1:111122223333:alerts"],
  okActions: [],
  insufficientDataActions: [],
};

function problemOf(alarm: Partial<ThresholdAlarm>, published: Partial<MetricTransformation> = {}) {
  const filter = { ...FILTER, transformation: { ...FILTER.transformation, ...published } };
  return findProblems({
    filters: [filter],
    alarms: [{ ...ALARM, ...alarm }],
    composites: [],
    notReplayed: [],
  }).map(({ kind, why }) => `${kind}: ${why}`);
}

it("finds no problem in an alarm that fires and notifies", () => {
  expect(problemOf({})).toEqual([]);
  expect(problemOf({}, { defaultValue: 0 })).toEqual([]);
});

it("finds no problem in the alarms of the stacks", () => {
  const { filters, detections, composites } = synthesizedDetections({}, {}).detections;
  const alarms = detections.flatMap(({ alarms: all }) =>
    all.flatMap((alarm) => (isAnomalyAlarm(alarm) ? [] : [alarm])),
  );
  expect(alarms.length).toBeGreaterThan(10);
  expect(findProblems({ filters, alarms, composites, notReplayed: [] })).toEqual([]);
});

describe("an alarm never fires", () => {
  it.each<[string, Partial<ThresholdAlarm>, Partial<MetricTransformation>, RegExp]>([
    [
      "in another namespace",
      { namespace: "Secure" },
      {},
      /in the namespace Secure, .* in Security$/,
    ],
    [
      "on a misspelt metric",
      { metricName: "stops" },
      {},
      /stops in Security \(did you mean stop\?\)$/,
    ],
    [
      "on a dimension that is not published",
      { dimensions: { User: "eve" } },
      {},
      /with User, but the filter publishes it with no dimensions$/,
    ],
    [
      "without the dimension that is published",
      {},
      { dimensions: { User: "$.userIdentity.arn" } },
      /with no dimensions, but the filter publishes it with User$/,
    ],
    [
      "with a threshold above the average",
      { statistic: "Average", threshold: 5 },
      {},
      /publish 1, so their Average is at most 1, .* Use the statistic Sum$/,
    ],
    [
      "with a threshold above the maximum",
      { statistic: "Maximum", threshold: 3 },
      { defaultValue: 0 },
      /1 and 0, so their Maximum is at most 1/,
    ],
    [
      "with a threshold below the sum",
      { comparisonOperator: "LessThanThreshold", threshold: 0 },
      {},
      /Sum is at least 1/,
    ],
  ])("%s", (_, alarm, published, why) => {
    const [first, ...more] = problemOf(alarm, published);
    expect(first).toMatch(/^never fires: /);
    expect(first).toMatch(why);
    expect(more).toEqual([]);
  });

  it("if AWS rejects its filter", () => {
    const [{ why = "" } = {}] = findProblems({
      filters: [{ ...FILTER, pattern: "{ $.eventName == StopLogging }" }],
      alarms: [ALARM],
      composites: [],
      notReplayed: [],
    });
    expect(why).toMatch(/^AWS rejects the filter of its metric: Invalid metric filter pattern/);
  });

  it("is not reported if values of records or missing data decide", () => {
    expect(problemOf({ threshold: 5, statistic: "Maximum" }, { metricValue: "$.size" })).toEqual(
      [],
    );
    expect(
      problemOf({
        comparisonOperator: "LessThanThreshold",
        threshold: 1,
        treatMissingData: "breaching",
      }),
    ).toEqual([]);
    expect(problemOf({ namespace: "AWS/EC2", metricName: "CPUUtilization" })).toEqual([]);
  });
});

describe("an alarm may miss a record", () => {
  it("that is delivered after its period was evaluated, if newer periods contain zeros", () => {
    expect(problemOf({ evaluationPeriods: 1 }, { defaultValue: 0 })).toEqual([
      "may miss: it evaluates a record only while it is less than 5 minutes old, and CloudTrail may deliver " +
        "records 15 minutes late. Set evaluation_periods to 3 and datapoints_to_alarm to 1",
    ]);
    expect(problemOf({ evaluationPeriods: 1 })).toEqual([]);
    expect(problemOf({ evaluationPeriods: 1, period: 60 })).toHaveLength(1);
  });

  it("if zeros lower its average", () => {
    expect(problemOf({ statistic: "Average" }, { defaultValue: 0 })[0]).toMatch(
      /^may miss: the default/,
    );
  });
});

describe("an alarm notifies nobody", () => {
  it("without actions, or with its actions disabled", () => {
    expect(problemOf({ alarmActions: [] })).toEqual(["notifies nobody: it has no alarm actions"]);
    expect(problemOf({ actionsEnabled: false })).toEqual([
      "notifies nobody: its actions are disabled",
    ]);
  });

  it("unless a composite alarm that depends on it does", () => {
    expect(importedDetections([planFile("composite")]).problems).toEqual([]);
  });
});

it("reports each mistake of a plan once", () => {
  const { problems, notReplayed } = importedDetections([planFile("mistakes")]);
  expect(problems.map(({ alarm, kind }) => `${alarm} ${kind}`).sort()).toEqual([
    "average never fires",
    "below never fires",
    "dimension never fires",
    "late may miss",
    "no-action notifies nobody",
    "no-filter never fires",
    "other-namespace never fires",
    "refused never fires",
  ]);
  expect(notReplayed.map(({ alarm }) => alarm)).toEqual(["filter refused"]);
});
