import { DEFAULT_ENVIRONMENT, ENVIRONMENTS } from "../common/environment.ts";
import { flag, oneOf, text } from "./kinds.ts";
import type { Rule, ValuesOf } from "./setting.ts";

export const settings = {
  /** What everything is named after, and whose defaults hold. */
  env: oneOf(
    ENVIRONMENTS,
    "there is no such environment",
    `set it to one, or unset it for ${DEFAULT_ENVIRONMENT}`,
  ).byDefault(DEFAULT_ENVIRONMENT),

  /** AWS region of all that is not global. */
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, {
    wrong: "this is no code of an AWS region",
    allowed: "the code of an AWS region, such as ap-southeast-2",
    next: "take one from `aws account list-regions`, or unset it for ap-southeast-2",
  }).byDefault("ap-southeast-2"),

  /** The one AWS account to deploy to. Any that the credentials are for unless said otherwise. */
  accountId: text(/^\d{12}$/, {
    wrong: "this is no number of an AWS account",
    allowed: "twelve digits",
    next: "take it from `aws sts get-caller-identity`, or unset it for any",
  }).optional(),

  /** S3 bucket that keeps Terraform's state. A local file does unless said otherwise. */
  stateBucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
    wrong: "this is no name of an S3 bucket",
    allowed: "3 to 63 lower-case letters, digits, dots and hyphens",
    next: "set it to the bucket's name alone, or unset it for a local state file",
  }).optional(),

  /** Refuse to destroy what holds data: keys, the trail's bucket, the database. */
  deletionProtection: flag.byEnvironment({ dev: false, prod: true }),
};

export const rules: readonly Rule<ValuesOf<typeof settings>>[] = [
  {
    among: ["deletionProtection", "env"],
    wrongWith: ({ deletionProtection, env }) =>
      env === "prod" && !deletionProtection && "prod may not go without deletion protection",
    allowed: "true, in prod",
    next: "unset it, or use dev for what may be destroyed",
  },
];
