import { integer, oneOfNumbers, type Refinement, same, type ValuesOf } from "./setting.ts";

/**
 * Retention periods in days that CloudWatch Logs offers.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
 */
const LOG_RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
];
const SEVEN_YEARS = 2557;
const TEN_YEARS = 3653;

export const settings = {
  keyRotationDays: integer(90, 2560, {
    description: "Days between automatic rotations of a KMS key.",
    defaults: same(365),
  }),

  keyDeletionDays: integer(7, 30, {
    description:
      "Days before KMS deletes a key whose deletion was scheduled; until then, it can be cancelled.",
    defaults: { dev: 7, prod: 30 },
  }),

  logRetentionDays: oneOfNumbers(
    LOG_RETENTION_DAYS,
    "is not a retention period that CloudWatch offers",
    {
      description: "Days that log groups keep log events.",
      defaults: { dev: 30, prod: 365 },
      next: "choose the next longer period",
    },
  ),

  trailRetentionDays: integer(1, TEN_YEARS, {
    description: "Days that the bucket keeps the trail's files.",
    defaults: { dev: 90, prod: SEVEN_YEARS },
  }),

  trailLockDays: integer(0, TEN_YEARS, {
    description: "Days during which nobody can delete a file of the trail (S3 Object Lock).",
    defaults: { dev: 0, prod: 365 },
    allowed: `0 for no lock, or up to ${TEN_YEARS} days`,
  }),
};

export const refinements: readonly Refinement<ValuesOf<typeof settings>>[] = [
  {
    fields: ["trailLockDays", "trailRetentionDays"],
    check: ({ trailLockDays, trailRetentionDays }) =>
      trailLockDays > trailRetentionDays &&
      `would lock the trail's files for ${trailLockDays} days, but they are kept for only ${trailRetentionDays}`,
    allowed: "at most CIPHERWATCH_TRAIL_RETENTION_DAYS",
    next: "lower it, or raise CIPHERWATCH_TRAIL_RETENTION_DAYS",
  },
];
