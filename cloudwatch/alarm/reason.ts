import { formatJavaDouble } from "../java-double.ts";
import type { ComparisonOperator, Statistic, TreatMissingData } from "./alarm.ts";
import { type Json, jsonDouble } from "./json.ts";
import type { AlarmState } from "./state.ts";

/** What CloudWatch says of an alarm that it has not evaluated yet. */
export const INITIAL_REASON = "Unchecked: Initial alarm creation";

interface Decision {
  /** `undefined`: the alarm stays as it is. */
  readonly state: AlarmState | undefined;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  /** What the datapoints are compared with: `greater than the threshold (3.0)`. */
  readonly limit: string;
  readonly treatMissingData: TreatMissingData;
  readonly received: number;
  readonly missing: number;
  /** The datapoints on the side of the threshold that `state` names, newest first. */
  readonly crossing: readonly { readonly value: number; readonly timestamp: number | undefined }[];
}

const RELATION: Readonly<Record<ComparisonOperator, string>> = {
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  GreaterThanThreshold: "greater than",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
};

export function thresholdLimit(operator: ComparisonOperator, threshold: number): string {
  return `${RELATION[operator]} the threshold (${formatJavaDouble(threshold)})`;
}

/** How a reason names the filling; the other two settings fill nothing in. */
const FILLING: Partial<Record<TreatMissingData, string>> = {
  breaching: "Breaching",
  notBreaching: "NonBreaching",
};

/** The words in which CloudWatch gives its reason, as its notices and DescribeAlarms show them. */
export function stateReason(decision: Decision): string {
  const { state, evaluationPeriods, received, missing, crossing } = decision;
  if (state === undefined) {
    return `Unchanged: ${count(missing, "datapoint")} ${were(missing)} unknown and missing data is ignored.`;
  }
  if (state === "INSUFFICIENT_DATA") {
    return `Insufficient Data: ${count(missing, "datapoint")} ${were(missing)} unknown.`;
  }
  const filling = FILLING[decision.treatMissingData];
  const filled =
    missing > 0 && filling !== undefined
      ? ` and ${count(missing, "missing datapoint")} ${were(missing)} treated as [${filling}]`
      : "";
  if (crossing.length === 0) {
    const datapoints = received === 0 ? "no datapoints" : count(received, "datapoint");
    return `Threshold Crossed: ${datapoints} ${were(received)} received for ${count(evaluationPeriods, "period")}${filled}.`;
  }
  const listed = crossing.map(
    ({ value, timestamp }) =>
      formatJavaDouble(value) + (timestamp === undefined ? "" : ` (${reasonTime(timestamp)})`),
  );
  const side = state === "ALARM" ? "" : "not ";
  const needed =
    state === "ALARM"
      ? `minimum ${count(decision.datapointsToAlarm, "datapoint")} for OK -> ALARM transition`
      : `minimum ${count(evaluationPeriods - decision.datapointsToAlarm + 1, "datapoint")} for ALARM -> OK transition`;
  return (
    `Threshold Crossed: ${crossing.length} out of the last ${evaluationPeriods} datapoints [${listed.join(", ")}] ` +
    `${were(crossing.length)} ${side}${decision.limit}${filled} (${needed}).`
  );
}

export const count = (quantity: number, noun: string) =>
  `${quantity} ${noun}${quantity === 1 ? "" : "s"}`;
const were = (quantity: number) => (quantity === 1 ? "was" : "were");

/** `14/09/26 05:42:40`, UTC. */
function reasonTime(timestamp: number): string {
  const [date = "", time = ""] = new Date(timestamp).toISOString().split("T");
  const [year = "", month, day] = date.split("-");
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}

/** `2026-09-14T05:42:40.000+0000`: how CloudWatch writes times into its JSON. */
export function jsonTime(timestamp: number): string {
  return new Date(timestamp).toISOString().replace("Z", "+0000");
}

/** What an evaluation looked at; AWS's StateReasonData. Times are milliseconds since the epoch. */
export interface StateReasonData {
  readonly queryDate: number;
  readonly statistic: Statistic;
  /** Seconds. */
  readonly period: number;
  /** Of an alarm that has one. */
  readonly threshold?: number | undefined;
  /** Of an alarm on a band: its upper edge for each datapoint, newest first. */
  readonly upperThresholds?: readonly number[] | undefined;
  /** Newest first; one without a value had no data. */
  readonly evaluatedDatapoints: readonly {
    readonly timestamp: number;
    readonly sampleCount?: number;
    readonly value?: number;
  }[];
}

/** The document that DescribeAlarms gives as `StateReasonData`, version 1.0. */
export function stateReasonDocument(data: StateReasonData): Json {
  const received = data.evaluatedDatapoints.flatMap(({ timestamp, value }) =>
    value === undefined ? [] : [{ timestamp, value }],
  );
  const oldest = received.at(-1);
  return {
    version: "1.0",
    queryDate: jsonTime(data.queryDate),
    startDate: oldest && jsonTime(oldest.timestamp),
    statistic: data.statistic,
    period: data.period,
    recentDatapoints: received.toReversed().map(({ value }) => jsonDouble(value)),
    recentUpperThresholds: data.upperThresholds?.toReversed().map(jsonDouble),
    threshold: data.threshold === undefined ? undefined : jsonDouble(data.threshold),
    evaluatedDatapoints: data.evaluatedDatapoints.map(({ timestamp, sampleCount, value }) => ({
      timestamp: jsonTime(timestamp),
      sampleCount: sampleCount === undefined ? undefined : jsonDouble(sampleCount),
      value: value === undefined ? undefined : jsonDouble(value),
    })),
  };
}
