import type { Detection } from "./detection.ts";

const HIGH_RESOLUTION = [10, 20, 30];
const HOUR = 3_600;
const DAY = 86_400;
const WEEK = 604_800;

/**
 * Why CloudWatch, or the source of the detection's points, takes no such period, if so.
 * @param period seconds
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
export function validatePeriod(detection: Detection, period: number): string | undefined {
  const { id, source, evaluationPeriods } = detection;
  if (period % 60 !== 0 && !HIGH_RESOLUTION.includes(period)) {
    return `${id} has ${period} seconds; CloudWatch takes ${HIGH_RESOLUTION.join(", ")} or a multiple of 60`;
  }
  if (source === "trail" && period < 60) {
    return `${id} has ${period} seconds, but a trail has one point a minute; take a multiple of 60`;
  }
  const longest = period < HOUR ? DAY : WEEK;
  return period * evaluationPeriods <= longest
    ? undefined
    : `${id} looks at ${evaluationPeriods} periods, together at most ${longest} seconds; ${period} is more than ${Math.floor(longest / evaluationPeriods)}`;
}
