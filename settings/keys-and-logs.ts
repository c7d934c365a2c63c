import { z } from "zod";
import { MAX_KEY_GENERATION } from "../common/naming.ts";
import type * as general from "./general.ts";
import {
  integer,
  oneOf,
  oneOfNumbers,
  type Refinement,
  same,
  setting,
  type ValuesOf,
} from "./setting.ts";

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

/** A filter pattern can name three keys. */
const MAX_KEY_GENERATIONS = 3;

const keyGenerations = z
  .string()
  .regex(/^\d{1,2}(\s*,\s*\d{1,2})*$/, "must be numbers, separated by commas")
  .transform((list): readonly number[] => list.split(",").map(Number))
  .refine((numbers) => numbers.every((number) => number >= 1), "must be numbers of 1 and above")
  .refine(
    (numbers) =>
      numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)),
    "must be in ascending order, each number once",
  )
  .refine(
    (numbers) => numbers.length <= MAX_KEY_GENERATIONS,
    `must be at most ${MAX_KEY_GENERATIONS} generations`,
  );

export const settings = {
  keyGenerations: setting<readonly number[]>({
    description:
      "Generations of the KMS key of the records, oldest first. One encrypts new records; the others only decrypt. See keys.md.",
    schema: keyGenerations,
    defaults: same([1]),
    allowed: `1 to ${MAX_KEY_GENERATIONS} ascending numbers up to ${MAX_KEY_GENERATION}, separated by commas`,
    next: "append the next number to replace the key; remove the first when no record uses it",
  }),

  currentKeyGeneration: setting<number | undefined>({
    description:
      "Generation of the KMS key that encrypts new records: the newest if unset. Set it to the old one for the deployment that adds a key.",
    schema: z.coerce
      .number("must be a number")
      .refine((value) => Number.isInteger(value), "must be an integer")
      .optional(),
    allowed: "a generation in CIPHERWATCH_KEY_GENERATIONS",
    next: "unset it to use the newest generation",
  }),

  customerManagedKeys: oneOf(["all", "records"], "is not a valid choice", {
    description:
      "Data that is encrypted with customer managed KMS keys. records: the records only; AWS owned and AWS managed keys encrypt the rest, in dev only. It cannot be changed once the environment is deployed.",
    defaults: same("all"),
  }),

  keyRotationDays: integer(90, 2560, {
    description: "Days between automatic rotations of a KMS key.",
    defaults: same(365),
  }),

  keyDeletionDays: integer(7, 30, {
    description:
      "Days between scheduling a KMS key's deletion and deleting it. Until then, the deletion can be cancelled.",
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
    description:
      "Days during which S3 Object Lock protects each file of the trail from deletion by anyone.",
    defaults: { dev: 0, prod: 365 },
    allowed: `0 for no lock, or up to ${TEN_YEARS} days`,
  }),
};

/** The generation of the KMS key that encrypts new records. */
export function currentGenerationOf({
  keyGenerations,
  currentKeyGeneration,
}: Pick<ValuesOf<typeof settings>, "keyGenerations" | "currentKeyGeneration">): number {
  return currentKeyGeneration ?? keyGenerations.at(-1) ?? 1;
}

type Values = ValuesOf<typeof settings> & Pick<ValuesOf<typeof general.settings>, "shape">;

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["customerManagedKeys", "shape"],
    check: ({ customerManagedKeys, shape }) =>
      customerManagedKeys === "records" &&
      shape === "prod" &&
      "must be all in prod: AWS owned and AWS managed keys allow everyone who may use S3, RDS or CloudWatch Logs, so no key policy would separate duties",
    allowed: "all, in prod",
    next: "unset it, or use dev for a cheap environment",
  },
  {
    fields: ["currentKeyGeneration", "keyGenerations"],
    check: ({ currentKeyGeneration: current, keyGenerations }) =>
      current !== undefined &&
      !keyGenerations.includes(current) &&
      `is ${current}, which is not in CIPHERWATCH_KEY_GENERATIONS`,
    allowed: "a generation in CIPHERWATCH_KEY_GENERATIONS",
    next: "unset it to use the newest generation",
  },
  {
    fields: ["trailLockDays", "trailRetentionDays"],
    check: ({ trailLockDays, trailRetentionDays }) =>
      trailLockDays > trailRetentionDays &&
      `would lock the trail's files for ${trailLockDays} days, but they are kept for only ${trailRetentionDays}`,
    allowed: "at most CIPHERWATCH_TRAIL_RETENTION_DAYS",
    next: "lower it, or raise CIPHERWATCH_TRAIL_RETENTION_DAYS",
  },
];
