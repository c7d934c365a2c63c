import { groupByOf } from "./cloudwatch-names.ts";
import type { AnomalySettings, Detection, Severity } from "./detection.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
const LONGEST_DESCRIPTION = 1024;

/** The texts of any kind of alarm. */
export interface AlarmSummary {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly why: string;
  readonly runbook: readonly string[];
}

export interface Links {
  /** URL or path of the runbook. */
  readonly runbook: string;
  /** Name of the query saved in CloudWatch Logs Insights. */
  readonly savedQuery?: string;
}

/**
 * The text of emails about the alarm: why it fired, and what to do.
 * @param condition when it fires, in words
 * @throws if the text is longer than CloudWatch accepts
 */
export function alarmDescription(
  alarm: AlarmSummary,
  condition: string,
  { runbook, savedQuery }: Links,
): string {
  const query =
    savedQuery === undefined ? "" : `Query, saved in CloudWatch Logs Insights: ${savedQuery}. `;
  const text = [
    `${alarm.title} (${alarm.severity}): ${condition}.`,
    alarm.why,
    ...alarm.runbook.map((step, index) => `${index + 1}. ${step}`),
    `${query}Runbook: ${runbook}`,
  ].join("\n");
  const excess = text.length - LONGEST_DESCRIPTION;
  if (excess <= 0) return text;
  throw new Error(
    `The alarm description of ${alarm.id} has ${text.length} characters; CloudWatch accepts at most ${LONGEST_DESCRIPTION}. Shorten its why or its runbook by ${excess}.`,
  );
}

/** `3 or more in a minute, in 2 of 3 periods`, `1 or more in a minute for one client` */
export function describeThreshold(detection: Detection<never>): string {
  const groupBy = groupByOf(detection);
  const series = groupBy === undefined ? "" : ` for one ${groupBy.toLowerCase()}`;
  return `${detection.threshold} or more in ${formatDuration(detection.period)}${series}${periodCount(detection)}`;
}

/** `more than CloudWatch's anomaly detection expects in 5 minutes, in 2 of 3 periods` */
export function describeAnomalyBand(anomaly: AnomalySettings): string {
  return `more than CloudWatch's anomaly detection expects in ${formatDuration(anomaly.period)}${periodCount(anomaly)}`;
}

function periodCount({
  evaluationPeriods,
  datapointsToAlarm,
}: Pick<AnomalySettings, "evaluationPeriods" | "datapointsToAlarm">): string {
  return datapointsToAlarm === 1 ? "" : `, in ${datapointsToAlarm} of ${evaluationPeriods} periods`;
}

/** `10 seconds`, `a minute`, `5 minutes` */
export function formatDuration(seconds: number): string {
  if (seconds % 60 !== 0) return `${seconds} seconds`;
  const minutes = seconds / 60;
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}
