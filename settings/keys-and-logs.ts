import { days, oneOfNumbers } from "./kinds.ts";
import type { Rule, ValuesOf } from "./setting.ts";

/** Days for which CloudWatch Logs can keep events, from its PutRetentionPolicy reference. */
const LOG_RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
];
const SEVEN_YEARS = 2557;
const TEN_YEARS = 3653;

export const settings = {
  /** Days between two rotations of a KMS key, in EnableKeyRotation's range. */
  keyRotationDays: days(90, 2560).byDefault(365),

  /** Days in which a key's deletion can be undone, in ScheduleKeyDeletion's range. */
  keyDeletionDays: days(7, 30).byEnvironment({ dev: 7, prod: 30 }),

  /** Days for which log groups keep events. */
  logRetentionDays: oneOfNumbers(LOG_RETENTION_DAYS, {
    wrong: "CloudWatch offers no such retention",
    allowed: `${LOG_RETENTION_DAYS.join(", ")} days`,
    next: "take the next longer one of these",
  }).byEnvironment({ dev: 30, prod: 365 }),

  /** Days for which the bucket keeps the trail's files. */
  trailRetentionDays: days(1, TEN_YEARS).byEnvironment({ dev: 90, prod: SEVEN_YEARS }),

  /** Days in which nobody can delete a file of the trail. */
  trailLockDays: days(0, TEN_YEARS, `0 for no lock, or up to ${TEN_YEARS} days`).byEnvironment({
    dev: 0,
    prod: 365,
  }),
};

export const rules: readonly Rule<ValuesOf<typeof settings>>[] = [
  {
    among: ["trailLockDays", "trailRetentionDays"],
    wrongWith: ({ trailLockDays, trailRetentionDays }) =>
      trailLockDays > trailRetentionDays &&
      `the trail's files would be locked for ${trailLockDays} days, but kept for ${trailRetentionDays}`,
    allowed: "at most CIPHERWATCH_TRAIL_RETENTION_DAYS",
    next: "lower it, or raise CIPHERWATCH_TRAIL_RETENTION_DAYS",
  },
];
