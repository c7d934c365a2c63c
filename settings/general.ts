import { z } from "zod";
import { REGIONS } from "../cloudwatch/alarm/regions.ts";
import {
  DEFAULT_ENVIRONMENT,
  MAX_ENVIRONMENT_LENGTH,
  SHAPES,
  type Shape,
  validateEnvironment,
} from "../common/environment.ts";
import { nearest } from "../common/nearest.ts";
import { textsOf, validated } from "./schemas.ts";
import { flag, type Refinement, same, setting, text, type ValuesOf } from "./setting.ts";

/** Tags that the stacks set themselves: IAM conditions depend on them. */
export const STACK_TAGS = ["Project", "Environment", "Stack", "ManagedBy"] as const;

/** AWS allows 50 tags on a resource. The stacks need some of them for names and their own tags. */
const MAX_TAGS = 40;

/** @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
const TAG_KEY = /^[\p{L}\p{N} _.:/=+@-]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{N} _.:/=+@-]{0,256}$/u;

function validateTag(key: string, value: string): string | undefined {
  if (STACK_TAGS.some((name) => name.toLowerCase() === key.toLowerCase()))
    return `sets ${key}, which the stacks set themselves`;
  if (/^aws:/i.test(key)) return `sets ${key}, but AWS reserves names that begin with aws:`;
  if (!TAG_KEY.test(key)) return `has the name ${JSON.stringify(key)}, which AWS does not allow`;
  return TAG_VALUE.test(value)
    ? undefined
    : `has a value for ${key} that AWS does not allow: at most 256 letters, digits, spaces and _.:/=+-@`;
}

/** Longer paths leave metric filters no room for the ARNs of the roles. */
const MAX_ROLE_PATH = 64;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names */
function validateRolePath(path: string): string | undefined {
  if (!/^\/([\w+=,.@-]+\/)*$/.test(path)) return "is not an IAM path that begins and ends with /";
  if (path.length > MAX_ROLE_PATH) return `has ${path.length} characters`;
  return path.includes("/cipherwatch-")
    ? "contains cipherwatch-, the prefix of role names: the pipeline of another environment could change roles in this path"
    : undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export const BUCKET = /^(?!.*\.\.|\d+(\.\d+){3}$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

const isShape = (env: string) => SHAPES.some((shape) => shape === env);

const LONGEST_REGION = Math.max(...REGIONS.map((region) => region.length));

/**
 * @returns an error message for a text that is not a Region, or for a Region that the stacks do not support: in China,
 * CloudWatch Logs is `logs.cn-north-1.amazonaws.com.cn` in key policies
 */
export function validateRegion(region: string): string | undefined {
  if (region.startsWith("cn-") && REGIONS.includes(region)) {
    return "is a region of China, where the names of services in policies differ from those in the stacks";
  }
  if (REGIONS.includes(region)) return undefined;
  const suggestion = nearest(region.slice(0, LONGEST_REGION), REGIONS);
  return `is not an AWS region${suggestion === undefined ? "" : `; did you mean ${suggestion}?`}`;
}

export const settings = {
  env: setting({
    description:
      "Environment: part of every resource name. In one account, no name may begin with another and a hyphen: eu-prod beside prod, not prod-eu.",
    schema: validated(validateEnvironment),
    defaults: same(DEFAULT_ENVIRONMENT),
    allowed: `1 to ${MAX_ENVIRONMENT_LENGTH} lower-case letters, digits and hyphens, such as dev, prod, staging and eu-prod; not beginning with watch or replica`,
    next: `set it to an allowed name, or unset it to use ${DEFAULT_ENVIRONMENT}`,
  }),

  shape: setting<Shape>({
    description:
      "Defaults and limits of the environment: dev is cheap and disposable, prod resilient and deletion-protected. Required for names other than dev and prod.",
    schema: z.enum(SHAPES, "must be dev or prod"),
    defaults: { dev: "dev", prod: "prod" },
    // Avoids a second error for an invalid name.
    ownDefault: (env) => (validateEnvironment(env) === undefined ? undefined : "dev"),
    allowed: SHAPES.join(", "),
    next: "set it to the environment whose defaults this one takes",
  }),

  region: setting({
    description: "AWS region to deploy to.",
    schema: validated(validateRegion),
    defaults: same("ap-southeast-2"),
    allowed: "an AWS region code outside China, such as ap-southeast-2",
    next: "choose one from `aws account list-regions`, or unset it to use ap-southeast-2. Add a new region of AWS to cloudwatch/alarm/regions.ts",
  }),

  accountId: setting({
    description:
      "The only AWS account to deploy to. If unset, any account that the credentials belong to.",
    schema: text(/^\d{12}$/, "is not a valid AWS account ID").optional(),
    allowed: "12 digits",
    next: "copy it from `aws sts get-caller-identity`, or unset it to allow any account",
  }),

  stateBucket: setting({
    description: "S3 bucket that stores Terraform's state. A local file if unset.",
    schema: text(BUCKET, "is not a valid S3 bucket name").optional(),
    allowed: "3 to 63 lowercase letters, digits, dots and hyphens, but no two dots in a row",
    next: "set it to the bucket's name alone, or unset it to use a local state file",
  }),

  tags: setting({
    description:
      "More tags for every resource, such as the owner or the cost center that your organization requires.",
    schema: textsOf(validateTag),
    defaults: same({}),
    allowed: `pairs such as Owner=payments,CostCenter=4711; at most ${MAX_TAGS}, none of ${STACK_TAGS.join(", ")}`,
    next: "set allowed tags, or unset it to add none",
  }),

  permissionsBoundary: setting({
    description:
      "ARN of a managed policy to set as the permissions boundary of every role. The pipeline's own boundary if unset.",
    schema: text(
      /^arn:aws[\w-]*:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/,
      "is not the ARN of a managed policy",
    ).optional(),
    allowed: "the ARN of a managed policy, such as arn:aws:iam::111122223333:policy/boundary",
    next: "copy it from `aws iam list-policies --scope Local`, or unset it",
  }),

  rolePath: setting({
    description:
      "IAM path of every role and policy. Those of the pipeline itself are in the path bootstrap/ within it.",
    schema: validated(validateRolePath),
    defaults: same("/"),
    allowed: `a path such as /platform/ of at most ${MAX_ROLE_PATH} characters, without cipherwatch-`,
    next: "set the path that your organization requires, with a slash at both ends, or unset it",
  }),

  deletionProtection: flag({
    description:
      "Prevent deletion of everything that holds data: KMS keys, the trail's bucket, the database.",
    defaults: { dev: false, prod: true },
  }),
};

export const refinements: readonly Refinement<ValuesOf<typeof settings>>[] = [
  {
    fields: ["shape", "env"],
    check: ({ shape, env }) =>
      isShape(env) && shape !== env && `must be ${env} in the environment ${env}`,
    allowed: "the name of the environment, if that is dev or prod",
    next: "unset it, or give the environment another name",
  },
  {
    fields: ["tags"],
    check: ({ tags }) => {
      const count = Object.keys(tags).length;
      return count > MAX_TAGS && `has ${count} tags`;
    },
    allowed: `at most ${MAX_TAGS} tags`,
    next: "set fewer tags",
  },
  {
    fields: ["tags"],
    check: ({ tags }) => {
      const names = Object.keys(tags);
      const lowerCase = names.map((name) => name.toLowerCase());
      const [same] = names.filter((_, index) => lowerCase.indexOf(lowerCase[index] ?? "") < index);
      return same !== undefined && `sets ${same} twice: IAM ignores the case of a tag's name`;
    },
    allowed: "names that differ in more than their case",
    next: "set each tag once",
  },
  {
    fields: ["deletionProtection", "shape"],
    check: ({ deletionProtection, shape }) =>
      shape === "prod" && !deletionProtection && "must be true in prod",
    allowed: "true, in prod",
    next: "unset it, or use dev for an environment that may be destroyed",
  },
];
