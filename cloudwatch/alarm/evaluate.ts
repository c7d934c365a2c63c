import type { ComparisonOperator, TreatMissingData } from "./alarm.ts";
import { stateReason, thresholdLimit } from "./reason.ts";
import type { AlarmState } from "./state.ts";

export interface AlarmEvaluationInput {
  /**
   * One value a period of the evaluation range, newest last; `null`: nothing was published in it. The
   * range may be longer than `evaluationPeriods`: AWS reaches further back when datapoints are missing.
   */
  readonly datapoints: readonly (number | null)[];
  /** The start of each datapoint's period, milliseconds since the epoch: the reason then tells times. */
  readonly timestamps?: readonly number[];
  /** N of "M out of N". */
  readonly evaluationPeriods: number;
  /** M of "M out of N". */
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparisonOperator: ComparisonOperator;
  readonly treatMissingData: TreatMissingData;
  readonly currentState: AlarmState;
}

export interface AlarmEvaluation {
  readonly state: AlarmState;
  /** In AWS's words. */
  readonly reason: string;
  /** Positions in `datapoints` that decided, newest first: as many as `evaluationPeriods`, or all. */
  readonly evaluated: readonly number[];
}

const BREACHES: Readonly<Record<ComparisonOperator, (value: number, limit: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/**
 * The state that a metric alarm takes, as CloudWatch decides it: the newest N datapoints that exist are
 * compared with the threshold, and only what then is missing is filled in.
 * Source: Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
 * @throws RangeError naming the member, the value received and what is allowed
 */
export function evaluateAlarm(input: AlarmEvaluationInput): AlarmEvaluation {
  check(input);
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
  const side = present.filter(({ breaching }) => breaching === (state === "ALARM"));
  return {
    state: state ?? input.currentState,
    reason: stateReason({
      state,
      evaluationPeriods,
      datapointsToAlarm,
      limit: thresholdLimit(input.comparisonOperator, threshold),
      treatMissingData: input.treatMissingData,
      received: present.length,
      missing,
      crossing: side.map(({ index }) => ({
        value: datapoints[index] as number,
        timestamp: input.timestamps?.[index],
      })),
    }),
    evaluated: [...present.map(({ index }) => index), ...absent.slice(0, missing)].sort(
      (a, b) => b - a,
    ),
  };
}

/** `undefined`: the alarm stays as it is. */
function decide(
  { datapoints, evaluationPeriods, datapointsToAlarm, treatMissingData }: AlarmEvaluationInput,
  present: readonly { readonly index: number; readonly breaching: boolean }[],
  missing: number,
): AlarmState | undefined {
  const bad = present.filter(({ breaching }) => breaching).length;
  const good = present.length - bad;
  if (bad >= datapointsToAlarm) return "ALARM";
  if (good >= evaluationPeriods - datapointsToAlarm + 1) return "OK";
  switch (treatMissingData) {
    case "ignore":
      return good > 0 ? "OK" : undefined;
    case "breaching":
      return bad + missing >= datapointsToAlarm ? "ALARM" : "OK";
    case "notBreaching":
      return "OK";
    case "missing": {
      const oldest = present.at(-1);
      if (oldest === undefined) return "INSUFFICIENT_DATA";
      if (good > 0) return "OK";
      // No alarm on the first breach alone: only once the oldest breach is M periods old and nothing
      // since then was within the threshold.
      return datapoints.length - oldest.index >= datapointsToAlarm ? "ALARM" : "INSUFFICIENT_DATA";
    }
  }
}

function check(input: AlarmEvaluationInput): void {
  const { datapoints, timestamps, evaluationPeriods, datapointsToAlarm, threshold } = input;
  if (!Number.isInteger(evaluationPeriods) || evaluationPeriods < 1) {
    throw refused("evaluationPeriods", evaluationPeriods, "a whole number of at least 1");
  }
  if (
    !Number.isInteger(datapointsToAlarm) ||
    datapointsToAlarm < 1 ||
    datapointsToAlarm > evaluationPeriods
  ) {
    throw refused(
      "datapointsToAlarm",
      datapointsToAlarm,
      `a whole number from 1 to evaluationPeriods, which is ${evaluationPeriods}`,
    );
  }
  if (!Number.isFinite(threshold)) throw refused("threshold", threshold, "a finite number");
  if (datapoints.length === 0) {
    throw refused("datapoints", "[]", "one entry a period of the range, null for a missing one");
  }
  const wrong = datapoints.findIndex((value) => value !== null && !Number.isFinite(value));
  if (wrong >= 0) {
    throw refused(`datapoints[${wrong}]`, String(datapoints[wrong]), "a finite number or null");
  }
  if (timestamps !== undefined && timestamps.length !== datapoints.length) {
    throw refused(
      "timestamps",
      `${timestamps.length} entries`,
      `one entry a datapoint, which are ${datapoints.length}`,
    );
  }
}

function refused(member: string, value: unknown, allowed: string): RangeError {
  return new RangeError(`${member} of an alarm evaluation is ${value}; it must be ${allowed}.`);
}
