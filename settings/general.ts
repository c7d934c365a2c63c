import { DEFAULT_ENVIRONMENT, ENVIRONMENTS } from "../common/environment.ts";
import { flag, oneOf, type Refinement, same, setting, text, type ValuesOf } from "./setting.ts";

export const settings = {
  env: oneOf(ENVIRONMENTS, "is not a known environment", {
    description: "Environment: part of every resource name, and selects the defaults.",
    defaults: same(DEFAULT_ENVIRONMENT),
    next: `set it to one of these, or unset it to use ${DEFAULT_ENVIRONMENT}`,
  }),

  region: setting({
    description: "AWS region to deploy to.",
    schema: text(/^[a-z]{2}(-[a-z]+)+-\d$/, "is not a valid AWS region code"),
    defaults: same("ap-southeast-2"),
    allowed: "an AWS region code, such as ap-southeast-2",
    next: "choose one from `aws account list-regions`, or unset it to use ap-southeast-2",
  }),

  accountId: setting({
    description:
      "The only AWS account to deploy to. Any account that the credentials are for if unset.",
    schema: text(/^\d{12}$/, "is not a valid AWS account ID").optional(),
    allowed: "12 digits",
    next: "copy it from `aws sts get-caller-identity`, or unset it to allow any account",
  }),

  stateBucket: setting({
    description: "S3 bucket that stores Terraform's state. A local file if unset.",
    schema: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "is not a valid S3 bucket name").optional(),
    allowed: "3 to 63 lowercase letters, digits, dots and hyphens",
    next: "set it to the bucket's name alone, or unset it to use a local state file",
  }),

  deletionProtection: flag({
    description:
      "Prevent deletion of everything that holds data: KMS keys, the trail's bucket, the database.",
    defaults: { dev: false, prod: true },
  }),
};

export const refinements: readonly Refinement<ValuesOf<typeof settings>>[] = [
  {
    fields: ["deletionProtection", "env"],
    check: ({ deletionProtection, env }) =>
      env === "prod" && !deletionProtection && "must be true in prod",
    allowed: "true, in prod",
    next: "unset it, or use dev for an environment that may be destroyed",
  },
];
