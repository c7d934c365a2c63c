import { formatJavaDouble } from "../java-double.ts";
import type { AlarmState, ComparisonOperator, Statistic, TreatMissingData } from "./alarm.ts";
import { type Json, jsonDouble } from "./json.ts";

/** The state reason of an alarm that CloudWatch has not evaluated yet. */
export const INITIAL_REASON = "Unchecked: Initial alarm creation";

interface Decision {
  /** `undefined`: the alarm keeps its state. */
  readonly state: AlarmState | undefined;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  /** The condition that datapoints must meet, such as `greater than the threshold (3.0)`. */
  readonly condition: string;
  readonly treatMissingData: TreatMissingData;
  readonly received: number;
  readonly missing: number;
  /** The reason is of a contributor: it gives the newest of the datapoints only. */
  readonly isContributor?: boolean;
  /** The datapoints that support `state`: breaching for ALARM, not breaching for OK. Newest first. */
  readonly crossing: readonly { readonly value: number; readonly timestamp: number | undefined }[];
}

const RELATION: Readonly<Record<ComparisonOperator, string>> = {
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  GreaterThanThreshold: "greater than",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
};

export function thresholdCondition(operator: ComparisonOperator, threshold: number): string {
  return `${RELATION[operator]} the threshold (${formatJavaDouble(threshold)})`;
}

/** How a reason names the treatment of missing data. The other two treatments fill in no values. */
const TREATMENT_NAMES: Partial<Record<TreatMissingData, string>> = {
  breaching: "Breaching",
  notBreaching: "NonBreaching",
};

/** Formats the state reason as it appears in CloudWatch notifications and in DescribeAlarms. */
export function stateReason(decision: Decision): string {
  const { state, evaluationPeriods, received, missing, crossing } = decision;
  if (state === undefined) {
    return `Unchanged: ${pluralize(missing, "datapoint")} ${were(missing)} unknown and missing data is ignored.`;
  }
  if (state === "INSUFFICIENT_DATA") {
    return `Insufficient Data: ${pluralize(missing, "datapoint")} ${were(missing)} unknown.`;
  }
  const treatment = TREATMENT_NAMES[decision.treatMissingData];
  const filled =
    missing > 0 && treatment !== undefined
      ? ` and ${pluralize(missing, "missing datapoint")} ${were(missing)} treated as [${treatment}]`
      : "";
  if (crossing.length === 0) {
    const datapoints = received === 0 ? "no datapoints" : pluralize(received, "datapoint");
    return `Threshold Crossed: ${datapoints} ${were(received)} received for ${pluralize(evaluationPeriods, "period")}${filled}.`;
  }
  const listed = crossing.map(
    ({ value, timestamp }) =>
      formatJavaDouble(value) + (timestamp === undefined ? "" : ` (${reasonTime(timestamp)})`),
  );
  const side = state === "ALARM" ? "" : "not ";
  const counted = `${crossing.length} out of the last ${evaluationPeriods} datapoints`;
  const relation = `${were(crossing.length)} ${side}${decision.condition}${filled}`;
  const needed =
    state === "ALARM"
      ? `minimum ${pluralize(decision.datapointsToAlarm, "datapoint")} for OK -> ALARM transition`
      : `minimum ${pluralize(evaluationPeriods - decision.datapointsToAlarm + 1, "datapoint")} for ALARM -> OK transition`;
  return decision.isContributor
    ? `Threshold Crossed: ${counted} ${relation}. The most recent datapoint which ${side}crossed the threshold: [${listed[0]}] (${needed}).`
    : `Threshold Crossed: ${counted} [${listed.join(", ")}] ${relation} (${needed}).`;
}

export const pluralize = (quantity: number, noun: string) =>
  `${quantity} ${noun}${quantity === 1 ? "" : "s"}`;
const were = (quantity: number) => (quantity === 1 ? "was" : "were");

/** Formats a time as `14/09/26 05:42:40` in UTC. */
function reasonTime(timestamp: number): string {
  const [date = "", time = ""] = new Date(timestamp).toISOString().split("T");
  const [year = "", month, day] = date.split("-");
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}

/** Formats a time as CloudWatch does in JSON: `2026-09-14T05:42:40.000+0000`. */
export function jsonTime(timestamp: number): string {
  return new Date(timestamp).toISOString().replace("Z", "+0000");
}

/** The input of AWS's StateReasonData. Times are milliseconds since the epoch. */
export interface StateReasonData {
  readonly queryDate: number;
  readonly statistic: Statistic;
  /** Seconds. */
  readonly period: number;
  /** Set for threshold alarms. */
  readonly threshold?: number | undefined;
  /** Set for anomaly alarms: the band's upper bound for each datapoint, newest first. */
  readonly upperThresholds?: readonly number[] | undefined;
  /** Newest first. Without `value`, no data was published in the period. */
  readonly evaluatedDatapoints: readonly {
    readonly timestamp: number;
    readonly sampleCount?: number;
    readonly value?: number;
  }[];
}

/** Builds the `StateReasonData` document (version 1.0) that DescribeAlarms returns. */
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
