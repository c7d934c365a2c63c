import { describe, expect, test } from "vitest";
import type { AlarmState, ComparisonOperator, TreatMissingData } from "./alarm.ts";
import { type AlarmEvaluationInput, evaluateAlarm } from "./evaluate.ts";
import cases from "./fixtures/alarm-cases.json" with { type: "json" };

const STATES: readonly AlarmState[] = ["OK", "ALARM", "INSUFFICIENT_DATA"];
const SYMBOLS: Readonly<Record<string, number | null>> = { "0": 0, X: 5, "-": null };

/** Evaluates datapoints written as in AWS's tables (`0`, `X`, `-`) against a threshold of 1. */
function evaluate(symbols: string, overrides: Partial<AlarmEvaluationInput> = {}) {
  return evaluateAlarm({
    datapoints: [...symbols].map((symbol) => SYMBOLS[symbol] ?? null),
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    threshold: 1,
    comparisonOperator: "GreaterThanOrEqualToThreshold",
    treatMissingData: "missing",
    currentState: "OK",
    ...overrides,
  });
}

describe("agrees with every case that AWS documents or that was observed", () => {
  test("covers all 91 cases", () => expect(cases).toHaveLength(91));

  test.each(
    cases.map((row) => ({
      ...row,
      title: `${row.datapoints.join("")} ${row.datapointsToAlarm}/${row.evaluationPeriods} ${row.treatMissingData}`,
    })),
  )("evaluates $title as $expectedState", (row) => {
    for (const currentState of STATES) {
      const { state } = evaluate(row.datapoints.join(""), {
        evaluationPeriods: row.evaluationPeriods,
        datapointsToAlarm: row.datapointsToAlarm,
        treatMissingData: row.treatMissingData as TreatMissingData,
        currentState,
      });
      if (row.expectedState === "NOT_ALARM") expect(state).not.toBe("ALARM");
      else expect(state).toBe(row.expectedState === "RETAIN" ? currentState : row.expectedState);
    }
  });
});

test.each<[ComparisonOperator, number, AlarmState]>([
  ["GreaterThanThreshold", 1, "OK"],
  ["GreaterThanThreshold", 1.01, "ALARM"],
  ["GreaterThanOrEqualToThreshold", 1, "ALARM"],
  ["GreaterThanOrEqualToThreshold", 0.99, "OK"],
  ["LessThanThreshold", 1, "OK"],
  ["LessThanThreshold", 0.99, "ALARM"],
  ["LessThanOrEqualToThreshold", 1, "ALARM"],
  ["LessThanOrEqualToThreshold", 1.01, "OK"],
])("evaluates %s, threshold 1, value %d as %s", (comparisonOperator, value, state) => {
  expect(evaluate("", { datapoints: [value], comparisonOperator }).state).toBe(state);
});

describe("words the state reason as CloudWatch does", () => {
  const at = (time: string) => Date.parse(`2026-09-14T${time}Z`);

  test("lists the breaching datapoints of M out of N, newest first", () => {
    const { reason, evaluated } = evaluateAlarm({
      datapoints: [null, 100, 3, 100],
      timestamps: [at("05:42:00"), at("05:42:20"), at("05:42:30"), at("05:42:40")],
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      threshold: 50,
      comparisonOperator: "GreaterThanThreshold",
      treatMissingData: "missing",
      currentState: "OK",
    });
    expect(reason).toBe(
      "Threshold Crossed: 2 out of the last 3 datapoints [100.0 (14/09/26 05:42:40), 100.0 (14/09/26 05:42:20)] were greater than the threshold (50.0) (minimum 2 datapoints for OK -> ALARM transition).",
    );
    expect(evaluated).toEqual([3, 2, 1]);
  });

  test("uses the singular for one datapoint", () => {
    expect(
      evaluate("", { datapoints: [3], timestamps: [at("05:42:00")], currentState: "OK" }).reason,
    ).toBe(
      "Threshold Crossed: 1 out of the last 1 datapoints [3.0 (14/09/26 05:42:00)] was greater than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).",
    );
  });

  test.each<[string, string, Partial<AlarmEvaluationInput>, string]>([
    [
      "gives the number of datapoints needed to return to OK",
      "00X00",
      { evaluationPeriods: 5, datapointsToAlarm: 3 },
      "Threshold Crossed: 4 out of the last 5 datapoints [0.0, 0.0, 0.0, 0.0] were not greater than or equal to the threshold (1.0) (minimum 3 datapoints for ALARM -> OK transition).",
    ],
    [
      "counts missing datapoints treated as not breaching",
      "--X",
      { evaluationPeriods: 3, treatMissingData: "notBreaching" },
      "Threshold Crossed: 1 out of the last 3 datapoints [5.0] was greater than or equal to the threshold (1.0) and 2 missing datapoints were treated as [NonBreaching] (minimum 1 datapoint for OK -> ALARM transition).",
    ],
    [
      "reports missing data treated as not breaching",
      "-----",
      { evaluationPeriods: 3, treatMissingData: "notBreaching" },
      "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [NonBreaching].",
    ],
    [
      "reports missing data treated as breaching, for one period",
      "---",
      { treatMissingData: "breaching" },
      "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching].",
    ],
    [
      "reports an alarm that only missing data causes",
      "----0",
      { evaluationPeriods: 3, datapointsToAlarm: 2, treatMissingData: "breaching" },
      "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
    ],
    [
      "reports insufficient data",
      "---",
      { evaluationPeriods: 1 },
      "Insufficient Data: 1 datapoint was unknown.",
    ],
    [
      "reports insufficient data over several periods",
      "-----",
      { evaluationPeriods: 3 },
      "Insufficient Data: 3 datapoints were unknown.",
    ],
  ])("%s", (_, symbols, overrides, reason) => {
    expect(evaluate(symbols, overrides).reason).toBe(reason);
  });
});

test("has insufficient data until the only breaching datapoint is as old as M periods", () => {
  const twoOfThree = { evaluationPeriods: 3, datapointsToAlarm: 2 };
  expect(evaluate("--X", twoOfThree).state).toBe("INSUFFICIENT_DATA");
  expect(evaluate("-X-", twoOfThree).state).toBe("ALARM");
});

test("evaluates the newest existing datapoints, then the newest missing ones", () => {
  expect(evaluate("0-X--", { evaluationPeriods: 3 }).evaluated).toEqual([4, 2, 0]);
});

describe("rejects invalid input, naming what is allowed", () => {
  test.each<[string, Partial<AlarmEvaluationInput>, RegExp]>([
    [
      "M above N",
      { datapointsToAlarm: 2 },
      /datapointsToAlarm is 2; .* an integer between 1 and 1/,
    ],
    ["M of 0", { datapointsToAlarm: 0 }, /datapointsToAlarm is 0/],
    ["N of 0", { evaluationPeriods: 0 }, /evaluationPeriods is 0; .* at least 1/],
    ["N of 1.5", { evaluationPeriods: 1.5 }, /evaluationPeriods is 1.5/],
    ["no datapoints", { datapoints: [] }, /datapoints is \[\]; it must be one entry/],
    ["NaN", { datapoints: [0, Number.NaN] }, /datapoints\[1\] is NaN; .* finite/],
    ["an infinite first datapoint", { datapoints: [Infinity] }, /datapoints\[0\] is Infinity/],
    [
      "an infinite threshold",
      { threshold: Number.POSITIVE_INFINITY },
      /threshold is Infinity; it must be a finite/,
    ],
    [
      "a different number of timestamps",
      { timestamps: [] },
      /timestamps is 0 entries; .* each of the 1 datapoints/,
    ],
  ])("%s", (_, overrides, message) => {
    expect(() => evaluate("0", overrides)).toThrow(RangeError);
    expect(() => evaluate("0", overrides)).toThrow(message);
  });
});
