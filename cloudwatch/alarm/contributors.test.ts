import { describe, expect, test } from "vitest";
import { GROUPED_ALARM } from "../testing/fixtures.ts";
import type { AlarmState, GroupedAlarm } from "./alarm.ts";
import { contributorOf, evaluateContributors } from "./contributors.ts";
import { validateMetricAlarm } from "./validate.ts";

/** The alarm whose notifications were captured from AWS: greater than 10, in one period of a minute. */
const ONE_OF_ONE: GroupedAlarm = {
  ...GROUPED_ALARM,
  threshold: 10,
  comparisonOperator: "GreaterThanThreshold",
};
const TWO_OF_THREE = { ...ONE_OF_ONE, evaluationPeriods: 3, datapointsToAlarm: 2 };

const MINUTE = 60_000;
const at = (time: string) => Date.parse(`2026-09-23T${time}:00Z`);

const contributor = (team: string) => contributorOf({ Team: team });

interface Data {
  readonly [team: string]: readonly (number | null)[];
}

/** @param end start of the last period; @param inAlarm teams that are in ALARM */
function evaluate(
  alarm: GroupedAlarm,
  end: string,
  data: Data,
  inAlarm: readonly string[] = [],
  currentState: AlarmState = "OK",
) {
  const series = Object.entries(data).map(([value, datapoints]) => ({ value, datapoints }));
  const length = series[0]?.datapoints.length ?? 0;
  const timestamps = Array.from({ length }, (_, i) => at(end) - (length - 1 - i) * MINUTE);
  return evaluateContributors(alarm, series, timestamps, inAlarm.map(contributor), currentState);
}

const teams = ({ transitions }: ReturnType<typeof evaluate>) =>
  transitions.map(({ contributor: { attributes }, from, to }) => [attributes.Team, from, to]);

// The reasons were captured from AWS in September 2026.
test("reports each contributor that changes its state, also while the alarm stays in ALARM", () => {
  const first = evaluate(ONE_OF_ONE, "19:53", { a: [20], b: [5] });
  expect(first).toEqual({
    state: "ALARM",
    reason: "1 out of 2 time series evaluated to ALARM",
    transitions: [
      {
        contributor: contributor("a"),
        from: "OK",
        to: "ALARM",
        reason:
          "Threshold Crossed: 1 out of the last 1 datapoints was greater than the threshold (10.0). The most recent datapoint which crossed the threshold: [20.0 (23/09/26 19:53:00)] (minimum 1 datapoint for OK -> ALARM transition).",
      },
    ],
  });
  const second = evaluate(ONE_OF_ONE, "19:57", { a: [20], b: [30] }, ["a"], "ALARM");
  expect(second.reason).toBe("2 out of 2 time series evaluated to ALARM");
  expect(teams(second)).toEqual([["b", "OK", "ALARM"]]);
  const third = evaluate(ONE_OF_ONE, "20:01", { a: [5], b: [30] }, ["a", "b"], "ALARM");
  expect(third).toMatchObject({
    state: "ALARM",
    reason: "1 out of 2 time series evaluated to ALARM",
    transitions: [
      {
        contributor: contributor("a"),
        to: "OK",
        reason:
          "Threshold Crossed: 1 out of the last 1 datapoints was not greater than the threshold (10.0). The most recent datapoint which not crossed the threshold: [5.0 (23/09/26 20:01:00)] (minimum 1 datapoint for ALARM -> OK transition).",
      },
    ],
  });
  const fourth = evaluate(ONE_OF_ONE, "20:05", { a: [5], b: [5] }, ["b"], "ALARM");
  expect(fourth).toMatchObject({ state: "OK", reason: "2 time series evaluated to OK" });
  expect(teams(fourth)).toEqual([["b", "ALARM", "OK"]]);
});

test("reports no change of a contributor that is first seen in OK", () => {
  expect(evaluate(ONE_OF_ONE, "19:53", { a: [5] }).transitions).toEqual([]);
});

describe("treats missing datapoints of a contributor as those of an alarm", () => {
  const SPARSE = { c: [30, null, 30], a: [null, null, 20], b: [null, null, 5] };

  test.each([
    [
      "notBreaching",
      ["c"],
      "Threshold Crossed: 2 out of the last 3 datapoints were greater than the threshold (10.0) and 1 missing datapoint was treated as [NonBreaching]. The most recent datapoint which crossed the threshold: [30.0 (23/09/26 20:55:00)] (minimum 2 datapoints for OK -> ALARM transition).",
    ],
    [
      "breaching",
      ["c", "a", "b"],
      "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
    ],
    [
      "ignore",
      ["c"],
      "Threshold Crossed: 2 out of the last 3 datapoints were greater than the threshold (10.0). The most recent datapoint which crossed the threshold: [30.0 (23/09/26 20:55:00)] (minimum 2 datapoints for OK -> ALARM transition).",
    ],
  ] as const)("%s", (treatMissingData, inAlarm, lastReason) => {
    const result = evaluate({ ...TWO_OF_THREE, treatMissingData }, "20:55", SPARSE);
    expect(teams(result)).toEqual(inAlarm.map((team) => [team, "OK", "ALARM"]));
    expect(result.transitions.at(-1)?.reason).toBe(lastReason);
    expect(result.reason).toBe(`${inAlarm.length} out of 3 time series evaluated to ALARM`);
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/multi-time-series-alarm.html
test("returns a contributor without data to OK, whatever the treatment of missing data", () => {
  const alarm = { ...ONE_OF_ONE, treatMissingData: "breaching" } as const;
  const result = evaluate(alarm, "19:53", { b: [5] }, ["a"], "ALARM");
  expect(result).toMatchObject({
    state: "OK",
    reason: "2 time series evaluated to OK",
    transitions: [{ to: "OK", reason: "No data was returned for this contributor" }],
  });
});

test.each([
  ["notBreaching", "NonBreaching", "OK"],
  ["breaching", "Breaching", "ALARM"],
  ["missing", "Missing", "INSUFFICIENT_DATA"],
  ["ignore", "Ignore", "ALARM"],
] as const)(
  "without any series, %s decides the state of the alarm",
  (treatMissingData, name, state) => {
    const alarm = { ...ONE_OF_ONE, treatMissingData };
    expect(evaluate(alarm, "19:53", {}, [], "ALARM")).toEqual({
      state,
      reason: `No time series were returned by the query. Treat missing data is configured as [${name}].`,
      transitions: [],
    });
  },
);

test("counts no more than 100 contributors in ALARM", () => {
  const data = Object.fromEntries(Array.from({ length: 105 }, (_, index) => [`t${index}`, [20]]));
  expect(evaluate(ONE_OF_ONE, "19:53", data).reason).toBe("100+ time series evaluated to ALARM");
});

test("identifies a contributor by its attributes", () => {
  expect(contributor("a")).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{16}$/),
    attributes: { Team: "a" },
  });
  expect(contributor("a").id).toBe(contributor("a").id);
  expect(contributor("a").id).not.toBe(contributor("b").id);
});

describe("AWS rejects an alarm on a Metrics Insights query", () => {
  test.each<[string, Partial<GroupedAlarm>, RegExp]>([
    ["with a period under a minute", { period: 30 }, /period is 30; .* at least 60 seconds/],
    [
      "that evaluates more than three hours",
      { evaluationPeriods: 181 },
      /is 10860; .* at most 10800/,
    ],
    [
      "with actions for INSUFFICIENT_DATA",
      { insufficientDataActions: ["arn:aws:sns:eu-west-1:111122223333:topic"] },
      /actions for INSUFFICIENT_DATA is 1; it must be 0/,
    ],
  ])("%s", (_, changes, message) => {
    expect(() => validateMetricAlarm({ ...ONE_OF_ONE, ...changes })).toThrow(message);
    expect(() => validateMetricAlarm(ONE_OF_ONE)).not.toThrow();
  });
});
