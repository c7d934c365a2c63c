import { groupByOf } from "./cloudwatch-names.ts";
import type { Detection } from "./detection.ts";

/**
 * The statistic of an alarm that counts events, each with the value 1. At a threshold of 1 it is the maximum, which
 * reaches the threshold exactly when the sum does, and which negative values cannot lower: a caller that may
 * publish metrics, as the CloudWatch agent may, could otherwise silence the alarm, and CloudTrail would not record it.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html
 */
export function countingStatistic(threshold: number): "Maximum" | "Sum" {
  return threshold <= 1 ? "Maximum" : "Sum";
}

/** The statistic of a detection's threshold alarm. */
export function alarmStatistic(detection: Detection<never>): Detection["statistic"] {
  const { statistic, threshold } = detection;
  const counts = statistic === "Sum" && groupByOf(detection) === undefined;
  return counts ? countingStatistic(threshold) : statistic;
}
