import { isDeepStrictEqual } from "node:util";
import { isContainer, type JsonContainer } from "../plan/json.ts";
import { calledFunctions } from "./template-functions.ts";

/** Where the states of an environment are, and the account and region of its resources. */
export interface StackLocation {
  readonly env: string;
  readonly stateBucket: string;
  readonly region: string;
  readonly accountId: string;
}

/**
 * Data sources that a plan may read with the credentials of the plan role. They return no secrets and have
 * no side effects.
 */
const DATA_SOURCES = [
  "aws_availability_zones",
  "aws_caller_identity",
  "aws_cloudwatch_log_group",
  "aws_cloudwatch_log_groups",
  "aws_ec2_managed_prefix_list",
  "aws_iam_policy_document",
  "aws_partition",
  "aws_region",
  "aws_subnet",
  "aws_vpc",
];

/** Functions without side effects that neither read files nor reveal sensitive values. */
const FUNCTIONS = [
  ...[
    "coalesce",
    "concat",
    "contains",
    "element",
    "flatten",
    "format",
    "join",
    "jsonencode",
    "keys",
  ],
  ...[
    "length",
    "lookup",
    "lower",
    "merge",
    "one",
    "replace",
    "setunion",
    "sort",
    "split",
    "tolist",
  ],
  ...[
    "tomap",
    "tonumber",
    "toset",
    "tostring",
    "trimprefix",
    "trimsuffix",
    "try",
    "upper",
    "values",
  ],
];

const BLOCKS = [
  "//",
  "check",
  "data",
  "import",
  "moved",
  "output",
  "provider",
  "resource",
  "terraform",
];
const PROVIDER_ARGUMENTS = ["allowed_account_ids", "default_tags", "region"];

/**
 * Checks the Terraform JSON of a stack that a pull request's code wrote: planning it with credentials must
 * not run code, read files, read other secrets or send anything to another address.
 * @param stacks names of the stacks whose states it may read
 * @returns one message for each violation; empty means safe to plan
 */
export function validateForeignStack(
  name: string,
  json: unknown,
  location: StackLocation,
  stacks: readonly string[],
): string[] {
  if (!isObject(json)) return ["must be an object"];
  return [
    ...Object.keys(json)
      .filter((block) => !BLOCKS.includes(block))
      .map((block) => `${block}: must be one of ${BLOCKS.slice(1).join(", ")}`),
    ...validateTerraform(name, json.terraform, location),
    ...validateProvider(json.provider, location),
    ...validateData(json.data ?? {}, location, stacks),
    ...validateChecks(json.check ?? {}),
    ...eachBlock(json.resource ?? {}, "resource", (type, block, path) => [
      // Terraform itself provides terraform_data, which only stores a value: provisioners are rejected below.
      ...(/^(aws_[a-z0-9_]+|terraform_data)$/.test(type)
        ? []
        : [`${path}: must be a resource of the provider aws`]),
      ...["connection", "provider", "provisioner"]
        .filter((argument) => argument in block)
        .map((argument) => `${path}: must not have ${argument}`),
    ]),
    ...validateTemplates(json, ""),
  ];
}

function validateTerraform(name: string, terraform: unknown, location: StackLocation): string[] {
  if (!isObject(terraform)) return ["terraform: is missing"];
  const { backend, required_providers: providers, required_version: version, ...rest } = terraform;
  const { aws, ...others } = isObject(providers) ? providers : {};
  const { source, version: release, ...options } = isObject(aws) ? aws : {};
  const expected = { s3: { ...stateOf(name, location), use_lockfile: true } };
  return [
    ...Object.keys(rest).map((argument) => `terraform.${argument}: is not allowed`),
    ...(isDeepStrictEqual(backend, expected)
      ? []
      : [
          `terraform.backend: must be ${JSON.stringify(expected)}, received ${JSON.stringify(backend)}`,
        ]),
    ...Object.keys(others).map(
      (provider) => `terraform.required_providers.${provider}: is not allowed`,
    ),
    ...((source === "aws" || source === "hashicorp/aws") &&
    /^\d+\.\d+\.\d+$/.test(String(release)) &&
    Object.keys(options).length === 0
      ? []
      : ["terraform.required_providers.aws: must be an exact version of hashicorp/aws"]),
    ...(/^[<>=~! .,\d]*$/.test(String(version ?? ""))
      ? []
      : ["terraform.required_version: is invalid"]),
  ];
}

function stateOf(stack: string, { env, stateBucket, region }: StackLocation): JsonContainer {
  return { bucket: stateBucket, key: `cipherwatch/${env}/${stack}.tfstate`, region };
}

function validateProvider(provider: unknown, { region, accountId }: StackLocation): string[] {
  const { aws, ...others } = isObject(provider) ? provider : {};
  const [config, ...more] = Array.isArray(aws) ? aws : [aws];
  if (!isObject(config) || more.length > 0) return ["provider.aws: must have one configuration"];
  return [
    ...Object.keys(others).map((other) => `provider.${other}: is not allowed`),
    ...Object.keys(config)
      .filter((argument) => !PROVIDER_ARGUMENTS.includes(argument))
      .map((argument) => `provider.aws.${argument}: is not allowed`),
    ...(config.region === region ? [] : [`provider.aws.region: must be ${region}`]),
    ...(isDeepStrictEqual(config.allowed_account_ids, [accountId])
      ? []
      : [`provider.aws.allowed_account_ids: must be ${accountId}`]),
  ];
}

function validateData(data: unknown, location: StackLocation, stacks: readonly string[]): string[] {
  return eachBlock(data, "data", (type, block, path) => {
    if (type === "terraform_remote_state") {
      const isAllowed = stacks.some((stack) =>
        isDeepStrictEqual(block, {
          backend: "s3",
          config: stateOf(stack, location),
          workspace: "${terraform.workspace}",
        }),
      );
      return isAllowed ? [] : [`${path}: must read the state of one of ${stacks.join(", ")}`];
    }
    return [
      ...(DATA_SOURCES.includes(type)
        ? []
        : [`${path}: must be one of ${DATA_SOURCES.join(", ")}`]),
      ...("provider" in block ? [`${path}: must not have provider`] : []),
    ];
  });
}

/** A data source within a check would be planned like any other, with the provider that it names. */
function validateChecks(checks: unknown): string[] {
  if (!isObject(checks)) return ["check: must be an object"];
  return Object.entries(checks)
    .filter(([, check]) => !isObject(check) || Object.keys(check).join() !== "assert")
    .map(([check]) => `check.${check}: must have assertions only`);
}

/** Visits the blocks of `resource` or `data`, which CDKTF writes as objects by type and name. */
function eachBlock(
  blocks: unknown,
  kind: string,
  check: (type: string, block: JsonContainer, path: string) => readonly string[],
): string[] {
  if (!isObject(blocks)) return [`${kind}: must be an object`];
  return Object.entries(blocks).flatMap(([type, byName]) => {
    if (!isObject(byName)) return [`${kind}.${type}: must be an object`];
    return Object.entries(byName).flatMap(([name, block]) => {
      const path = `${kind}.${type}.${name}`;
      return isObject(block) ? check(type, block, path) : [`${path}: must be an object`];
    });
  });
}

/** Checks every string, as value or key: Terraform evaluates templates in both. */
function validateTemplates(value: unknown, path: string): string[] {
  if (typeof value === "string") {
    const called = calledFunctions(value);
    if (called === undefined) return [`${path}: has a template that cannot be checked`];
    return [...called]
      .filter((name) => !FUNCTIONS.includes(name))
      .map((name) => `${path}: must not call ${name}; allowed are ${FUNCTIONS.join(", ")}`);
  }
  if (!isContainer(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = path === "" ? key : `${path}.${key}`;
    return [...validateTemplates(key, `the key of ${place}`), ...validateTemplates(inner, place)];
  });
}

function isObject(value: unknown): value is JsonContainer {
  return isContainer(value) && !Array.isArray(value);
}
