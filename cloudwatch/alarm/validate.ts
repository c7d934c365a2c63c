import { isAnomalyAlarm, isGroupedAlarm, type MetricAlarm } from "./alarm.ts";

const WEEK = 604_800;
const DAY = 86_400;
const HOUR = 3_600;

/** Metrics Insights queries the latest three hours, by the minute. */
const GROUPED = { minPeriod: 60, maxSpan: 3 * HOUR };

/**
 * Validates an alarm as PutMetricAlarm does.
 * @throws Error naming the alarm, the value received and the allowed values
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
export function validateMetricAlarm(alarm: MetricAlarm): void {
  const { name, period, evaluationPeriods, datapointsToAlarm } = alarm;
  const reject = (property: string, value: number, allowed: string) => {
    throw new Error(
      `AWS would reject the alarm ${name}: ${property} is ${value}; it must be ${allowed}.`,
    );
  };
  if (![10, 20, 30].includes(period) && (period < 60 || period % 60 !== 0)) {
    reject("period", period, "10, 20, 30 or a multiple of 60 seconds");
  }
  if (!Number.isInteger(evaluationPeriods) || evaluationPeriods < 1) {
    reject("evaluation periods", evaluationPeriods, "an integer of at least 1");
  }
  if (isGroupedAlarm(alarm)) {
    if (period < GROUPED.minPeriod) {
      reject(
        "period",
        period,
        `at least ${GROUPED.minPeriod} seconds for a Metrics Insights query`,
      );
    }
    if (alarm.insufficientDataActions.length > 0) {
      reject(
        "the number of actions for INSUFFICIENT_DATA",
        alarm.insufficientDataActions.length,
        "0 for a Metrics Insights query",
      );
    }
  }
  const maxSpan = isGroupedAlarm(alarm) ? GROUPED.maxSpan : period < HOUR ? DAY : WEEK;
  if (period * evaluationPeriods > maxSpan) {
    reject(
      "period times evaluation periods",
      period * evaluationPeriods,
      `at most ${maxSpan} seconds with a period of ${period}`,
    );
  }
  if (
    !Number.isInteger(datapointsToAlarm) ||
    datapointsToAlarm < 1 ||
    datapointsToAlarm > evaluationPeriods
  ) {
    reject(
      "datapoints to alarm",
      datapointsToAlarm,
      `an integer between 1 and ${evaluationPeriods}`,
    );
  }
  if (isAnomalyAlarm(alarm)) {
    if (period < 60) reject("period", period, "at least 60 seconds for an anomaly alarm");
  } else if (!Number.isFinite(alarm.threshold)) {
    reject("threshold", alarm.threshold, "a finite number");
  }
}
