import type { Detection } from "./detection.ts";

/** AlarmDescription in CloudWatch's PutMetricAlarm reference. */
const LONGEST_DESCRIPTION = 1024;

export interface AlarmDescriptionProps {
  readonly threshold: number;
  /** Plain text. */
  readonly insightsQuery: string;
  /** Where the query runs. */
  readonly logGroupName: string;
}

/**
 * What a mail about the alarm says: why it fired and what to do now.
 * @throws if it is longer than CloudWatch takes
 */
export function alarmDescription(
  detection: Detection,
  { threshold, insightsQuery, logGroupName }: AlarmDescriptionProps,
): string {
  const steps = detection.runbook.map((step, index) => `${index + 1}. ${step}`);
  const text = [
    `${detection.title} (${detection.severity}): ${thresholdInWords(detection, threshold)}.`,
    detection.why,
    ...steps,
    `Logs Insights on ${logGroupName}: ${insightsQuery}`,
  ].join("\n");
  if (text.length > LONGEST_DESCRIPTION) {
    throw new Error(
      `The alarm description of the detection ${detection.id} has ${text.length} characters; CloudWatch takes at most ${LONGEST_DESCRIPTION}. Shorten its why, its runbook or its insightsQuery by ${text.length - LONGEST_DESCRIPTION}.`,
    );
  }
  return text;
}

function thresholdInWords(detection: Detection, threshold: number): string {
  const { period, evaluationPeriods, datapointsToAlarm } = detection;
  const count = `${threshold} or more in ${duration(period)}`;
  return evaluationPeriods === 1
    ? count
    : `${count}, in ${datapointsToAlarm} of ${evaluationPeriods} such periods`;
}

function duration(seconds: number): string {
  if (seconds % 60 !== 0) return `${seconds} seconds`;
  const minutes = seconds / 60;
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}
