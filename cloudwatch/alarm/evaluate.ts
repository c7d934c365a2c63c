import type { AlarmState, ComparisonOperator, TreatMissingData } from "./alarm.ts";
import { stateReason, thresholdCondition } from "./reason.ts";

export interface AlarmEvaluationInput {
  /**
   * One value for each period of the evaluation range, newest last; `null` if no data was published. The
   * range may be longer than `evaluationPeriods`: AWS looks further back when datapoints are missing.
   */
  readonly datapoints: readonly (number | null)[];
  /** Start of each datapoint's period, in milliseconds since the epoch. Adds times to the reason. */
  readonly timestamps?: readonly number[];
  /** N of "M out of N". */
  readonly evaluationPeriods: number;
  /** M of "M out of N". */
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparisonOperator: ComparisonOperator;
  readonly treatMissingData: TreatMissingData;
  readonly currentState: AlarmState;
  /** Words the reason as for one series of a Metrics Insights query. Default: false. */
  readonly isContributor?: boolean;
}

export interface AlarmEvaluation {
  readonly state: AlarmState;
  /** The state reason, formatted as CloudWatch does. */
  readonly reason: string;
  /** Indexes of the evaluated `datapoints`, newest first: at most `evaluationPeriods` of them. */
  readonly evaluated: readonly number[];
}

/** Whether a value breaches a threshold, by the alarm's operator. */
export const BREACHES: Readonly<
  Record<ComparisonOperator, (value: number, limit: number) => boolean>
> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/**
 * Determines the state of a metric alarm as CloudWatch does: compares the newest N existing datapoints with
 * the threshold, and applies `treatMissingData` only if fewer than N exist.
 * Source: Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
 * @throws RangeError naming the property, the value received and the allowed values
 */
export function evaluateAlarm(input: AlarmEvaluationInput): AlarmEvaluation {
  validate(input);
  const { datapoints, threshold, evaluationPeriods, datapointsToAlarm } = input;
  const present: { index: number; breaching: boolean }[] = [];
  const absent: number[] = [];
  for (let index = datapoints.length - 1; index >= 0; index--) {
    const value = datapoints[index] ?? null;
    if (value === null) absent.push(index);
    else if (present.length < evaluationPeriods) {
      present.push({ index, breaching: BREACHES[input.comparisonOperator](value, threshold) });
    }
  }
  const missing = evaluationPeriods - present.length;
  const state = decide(input, present, missing);
  const supporting = present.filter(({ breaching }) => breaching === (state === "ALARM"));
  return {
    state: state ?? input.currentState,
    reason: stateReason({
      state,
      evaluationPeriods,
      datapointsToAlarm,
      condition: thresholdCondition(input.comparisonOperator, threshold),
      treatMissingData: input.treatMissingData,
      received: present.length,
      missing,
      isContributor: input.isContributor ?? false,
      crossing: supporting.map(({ index }) => ({
        value: datapoints[index] as number,
        timestamp: input.timestamps?.[index],
      })),
    }),
    evaluated: [...present.map(({ index }) => index), ...absent.slice(0, missing)].sort(
      (a, b) => b - a,
    ),
  };
}

/** @returns `undefined` if the alarm keeps its state */
function decide(
  { datapoints, datapointsToAlarm, treatMissingData }: AlarmEvaluationInput,
  present: readonly { readonly index: number; readonly breaching: boolean }[],
  missing: number,
): AlarmState | undefined {
  const breaching = present.filter((datapoint) => datapoint.breaching).length;
  const withinThreshold = present.length - breaching;
  if (breaching >= datapointsToAlarm) return "ALARM";
  switch (treatMissingData) {
    case "ignore":
      return withinThreshold > 0 ? "OK" : undefined;
    case "breaching":
      return breaching + missing >= datapointsToAlarm ? "ALARM" : "OK";
    case "notBreaching":
      return "OK";
    case "missing": {
      const oldest = present.at(-1);
      if (oldest === undefined) return "INSUFFICIENT_DATA";
      if (withinThreshold > 0) return "OK";
      // One breaching datapoint is not enough: the oldest one must be at least M periods old, with no
      // datapoint within the threshold since then.
      return datapoints.length - oldest.index >= datapointsToAlarm ? "ALARM" : "INSUFFICIENT_DATA";
    }
  }
}

function validate(input: AlarmEvaluationInput): void {
  const { datapoints, timestamps, evaluationPeriods, datapointsToAlarm, threshold } = input;
  if (!Number.isInteger(evaluationPeriods) || evaluationPeriods < 1) {
    throw invalid("evaluationPeriods", evaluationPeriods, "an integer of at least 1");
  }
  if (
    !Number.isInteger(datapointsToAlarm) ||
    datapointsToAlarm < 1 ||
    datapointsToAlarm > evaluationPeriods
  ) {
    throw invalid(
      "datapointsToAlarm",
      datapointsToAlarm,
      `an integer between 1 and ${evaluationPeriods} (evaluationPeriods)`,
    );
  }
  if (!Number.isFinite(threshold)) throw invalid("threshold", threshold, "a finite number");
  if (datapoints.length === 0) {
    throw invalid("datapoints", "[]", "one entry for each period, null where data is missing");
  }
  const invalidIndex = datapoints.findIndex((value) => value !== null && !Number.isFinite(value));
  if (invalidIndex >= 0) {
    throw invalid(
      `datapoints[${invalidIndex}]`,
      String(datapoints[invalidIndex]),
      "a finite number or null",
    );
  }
  if (timestamps !== undefined && timestamps.length !== datapoints.length) {
    throw invalid(
      "timestamps",
      `${timestamps.length} entries`,
      `one entry for each of the ${datapoints.length} datapoints`,
    );
  }
}

function invalid(property: string, value: unknown, allowed: string): RangeError {
  return new RangeError(
    `Invalid alarm evaluation: ${property} is ${value}; it must be ${allowed}.`,
  );
}
