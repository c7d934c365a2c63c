import { isAnomalyAlarm, type MetricAlarm } from "./alarm.ts";

const WEEK = 604_800;
const DAY = 86_400;
const HOUR = 3_600;

/**
 * @throws Error naming the alarm, the value received and what PutMetricAlarm allows
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
export function validateMetricAlarm(alarm: MetricAlarm): void {
  const { name, period, evaluationPeriods, datapointsToAlarm } = alarm;
  const refuse = (member: string, value: number, allowed: string) => {
    throw new Error(
      `AWS would refuse the alarm ${name}: its ${member} is ${value}; it must be ${allowed}.`,
    );
  };
  if (![10, 20, 30].includes(period) && (period < 60 || period % 60 !== 0)) {
    refuse("period", period, "10, 20, 30 or a multiple of 60 seconds");
  }
  if (!Number.isInteger(evaluationPeriods) || evaluationPeriods < 1) {
    refuse("evaluation periods", evaluationPeriods, "a whole number of at least 1");
  }
  const longest = period < HOUR ? DAY : WEEK;
  if (period * evaluationPeriods > longest) {
    refuse(
      "period times evaluation periods",
      period * evaluationPeriods,
      `at most ${longest} seconds with a period of ${period}`,
    );
  }
  if (
    !Number.isInteger(datapointsToAlarm) ||
    datapointsToAlarm < 1 ||
    datapointsToAlarm > evaluationPeriods
  ) {
    refuse("datapoints to alarm", datapointsToAlarm, `from 1 to ${evaluationPeriods}`);
  }
  if (isAnomalyAlarm(alarm)) {
    if (period < 60) refuse("period", period, "60 seconds or more where it has a band");
  } else if (!Number.isFinite(alarm.threshold)) {
    refuse("threshold", alarm.threshold, "a finite number");
  }
}
