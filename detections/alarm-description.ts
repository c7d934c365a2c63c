import type { AnomalySettings, Detection, Severity } from "./detection.ts";

/** AlarmDescription in CloudWatch's PutMetricAlarm reference. */
const LONGEST_DESCRIPTION = 1024;

/** What a description is made of, whatever kind of alarm it is of. */
export interface AlarmSummary {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly why: string;
  readonly runbook: readonly string[];
}

export interface Links {
  /** Where the runbook is to be read. */
  readonly runbook: string;
  /** Name of the query that CloudWatch Logs Insights has saved, if there is one. */
  readonly savedQuery?: string;
}

/**
 * What a mail about the alarm says: why it fired and what to do now.
 * @param when it fires, in words
 * @throws if it is longer than CloudWatch takes
 */
export function alarmDescription(
  described: AlarmSummary,
  when: string,
  { runbook, savedQuery }: Links,
): string {
  const query =
    savedQuery === undefined ? "" : `Query, saved in CloudWatch Logs Insights: ${savedQuery}. `;
  const text = [
    `${described.title} (${described.severity}): ${when}.`,
    described.why,
    ...described.runbook.map((step, index) => `${index + 1}. ${step}`),
    `${query}Runbook: ${runbook}`,
  ].join("\n");
  const excess = text.length - LONGEST_DESCRIPTION;
  if (excess <= 0) return text;
  throw new Error(
    `The alarm description of ${described.id} has ${text.length} characters; CloudWatch takes at most ${LONGEST_DESCRIPTION}. Shorten its why or its runbook by ${excess}.`,
  );
}

/** `3 or more in a minute, in 2 of 3 such periods` */
export function describeThreshold(detection: Detection): string {
  return `${detection.threshold} or more in ${formatDuration(detection.period)}${among(detection)}`;
}

/** `more than usual in 5 minutes, by CloudWatch's model of it, in 2 of 3 such periods` */
export function describeAnomalyBand(anomaly: AnomalySettings): string {
  return `more than usual in ${formatDuration(anomaly.period)}, by CloudWatch's model of it${among(anomaly)}`;
}

function among({
  evaluationPeriods,
  datapointsToAlarm,
}: Pick<Detection, "evaluationPeriods" | "datapointsToAlarm">): string {
  return datapointsToAlarm === 1
    ? ""
    : `, in ${datapointsToAlarm} of ${evaluationPeriods} such periods`;
}

/** `10 seconds`, `a minute`, `5 minutes` */
export function formatDuration(seconds: number): string {
  if (seconds % 60 !== 0) return `${seconds} seconds`;
  const minutes = seconds / 60;
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}
