import { groupByOf } from "./cloudwatch-names.ts";
import type { Detection } from "./detection.ts";

const HIGH_RESOLUTION = [10, 20, 30];
const HOUR = 3_600;
const DAY = 86_400;
const WEEK = 604_800;
/** An alarm evaluates at most the latest three hours of a Metrics Insights query. */
const LONGEST_QUERY = 3 * HOUR;

/**
 * The window of an alarm that fires at several CloudTrail records. Records of calls made at one moment can
 * reach the log group ten minutes apart, so a shorter window might never hold enough of them. CloudWatch
 * slides the window by a minute per evaluation: it contains every four minutes of calls.
 */
export const COUNTING_WINDOW = { period: 900, evaluationPeriods: 2 } as const;

/**
 * Checks a period in seconds against the limits of CloudWatch and of the detection's metric.
 * @returns an error message, or undefined for a valid period
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
export function validatePeriod(detection: Detection, period: number): string | undefined {
  const { id, source, evaluationPeriods } = detection;
  if (period % 60 !== 0 && !HIGH_RESOLUTION.includes(period)) {
    return `has ${period} seconds for ${id}, but CloudWatch accepts ${HIGH_RESOLUTION.join(", ")} or a multiple of 60`;
  }
  if (source === "trail" && period < 60) {
    return `has ${period} seconds for ${id}, but its metric has one data point a minute; use a multiple of 60`;
  }
  const isGrouped = groupByOf(detection) !== undefined;
  if (isGrouped && period < 60) {
    return `has ${period} seconds for ${id}, but its alarm evaluates a Metrics Insights query; use a multiple of 60`;
  }
  const longest = isGrouped ? LONGEST_QUERY : period < HOUR ? DAY : WEEK;
  return period * evaluationPeriods <= longest
    ? undefined
    : `has ${period} seconds for ${id}, but its alarm evaluates ${evaluationPeriods} periods, so CloudWatch accepts at most ${Math.floor(longest / evaluationPeriods)}`;
}
