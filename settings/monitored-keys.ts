import { readFileSync } from "node:fs";
import { z } from "zod";
import { MAX_PATTERN_LENGTH } from "../cloudwatch/pattern/limits.ts";
import { watchEnvironment } from "../common/naming.ts";
import { decodeText } from "../common/text-encoding.ts";
import type { DetectionSettings } from "../detections/enabled.ts";
import { EXPECTED_ROLE, filterPatterns } from "../detections/exclusions.ts";
import { monitoringDetections } from "../detections/monitored-keys/index.ts";
import {
  accountOf,
  arnValue,
  type MonitoredKey,
} from "../detections/monitored-keys/monitored-key.ts";
import { createExampleScope } from "../detections/scope.ts";
import type * as detections from "./detections.ts";
import type * as existing from "./existing.ts";
import { type Refinement, setting, type ValuesOf } from "./setting.ts";

/**
 * Maximum number of keys. With the CIS pack, the stacks then stay within the limits of 100 metric filters of a log group
 * and 100 alarms of a dashboard widget.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
 */
export const MAX_KEYS = 16;

const MAX_NAME = 24;
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const KEY_ARN =
  /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const SESSION_ARN = /^(arn:aws[a-z-]*):sts::(\d{12}):assumed-role\/([\w+=,.@-]+)\/.+$/;
const ALIAS = /^alias\/(?!aws\/)[\w/-]{1,94}$/;
/** Maximum number of aliases of a key. The patterns of more would exceed the metric filters of a log group. */
const MAX_ALIASES = 3;
const USER_ARN = /^arn:aws[a-z-]*:iam::\d{12}:user\/[\w+=,.@/-]+\*?$/;
const SERVICE = /^([a-z0-9-]+\.)+amazonaws\.com(\.cn)?$/;

const ROLE_OF_AWS =
  /^arn:aws[a-z-]*:iam::\d{12}:role\/(AWS(?:ReservedSSO_|ServiceRoleFor)[\w+=,.@-]*)\*?$/;

/** Messages complete the sentence "<field> …". */
const list = (pattern: RegExp, message: string) => {
  const error = ({ input }: { readonly input?: unknown }) =>
    roleHint(pattern, input) ?? `${message}, not ${JSON.stringify(input)}`;
  return z.array(z.string({ error }).regex(pattern, { error }), "must be a list");
};

/** Explains how to write a role that was given as its session, or without the path that AWS gave it. */
function roleHint(pattern: RegExp, input: unknown): string | undefined {
  if (pattern !== EXPECTED_ROLE) return undefined;
  const [, partition, account, role = ""] = SESSION_ARN.exec(String(input)) ?? [];
  const [, withoutPath] = ROLE_OF_AWS.exec(String(input)) ?? [];
  if (withoutPath !== undefined) {
    return `must have the path that AWS gives this role: \`aws iam get-role --role-name ${withoutPath}\` shows its ARN`;
  }
  if (role === "") return undefined;
  const arn = `${partition}:iam::${account}:role`;
  return `must be the ARN of the role, not of its session: ${
    role.startsWith("AWSReservedSSO_")
      ? `${arn}/aws-reserved/sso.amazonaws.com/…/${role}, where … is the Region of IAM Identity Center, or nothing in us-east-1`
      : `${arn}/${role}, with the role's path if it has one`
  }`;
}

const Key = z.strictObject({
  name: z
    .string("must be set")
    .max(MAX_NAME, `must have at most ${MAX_NAME} characters`)
    .regex(
      NAME,
      "must consist of lower-case letters, digits and single hyphens, such as payments-eu",
    ),
  key: z.string("must be set").regex(KEY_ARN, {
    error: ({ input }) =>
      `must be the ARN of a KMS key, not ${JSON.stringify(input)}: \`aws kms describe-key --key-id …\` shows it`,
  }),
  roles: list(EXPECTED_ROLE, "must be the ARN of a role, which can end with *"),
  aliases: list(
    ALIAS,
    "must be an alias that you created, such as alias/payments, of at most 100 characters",
  )
    .max(MAX_ALIASES, `must have at most ${MAX_ALIASES} entries`)
    .default([]),
  users: list(USER_ARN, "must be the ARN of an IAM user, which can end with *").default([]),
  services: list(SERVICE, "must be an AWS service, such as rds.amazonaws.com").default([]),
  accounts: list(/^\d{12}$/, "must be an AWS account ID of 12 digits").default([]),
  decryptLimit: z.int("must be an integer above 0").min(1, "must be an integer above 0").optional(),
});

type KeyEntry = z.infer<typeof Key>;

const Keys = z
  .array(Key, "must be a list of keys in JSON")
  .min(1, "lists no key")
  .max(MAX_KEYS, `lists more than ${MAX_KEYS} keys`);

export const settings = {
  monitoredKeys: setting({
    description:
      "KMS keys of your applications to monitor with `npm run deploy -- watch`, each with the roles that are expected to use it: a file, or its contents.",
    schema: z
      .string()
      .transform((text, context): readonly MonitoredKey[] => {
        const issues: string[] = [];
        const keys = readKeys(text, issues);
        for (const issue of issues) context.addIssue(issue);
        return keys;
      })
      .optional(),
    allowed: `JSON such as [{ "name": "payments", "key": "arn:aws:kms:…:key/…", "roles": ["arn:aws:iam::…:role/payments-api"] }], or the path of a file with it; 1 to ${MAX_KEYS} keys, each also with aliases, users, services, accounts and decryptLimit`,
    next: "correct the entry; docs/monitoring-keys.md describes each member",
  }),
};

type Values = ValuesOf<typeof settings> &
  ValuesOf<typeof detections.settings> &
  Pick<ValuesOf<typeof existing.settings>, "trailLogGroup">;

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: [
      "monitoredKeys",
      "exclusions",
      "detections",
      "cisPack",
      "thresholds",
      "periods",
      "anomalyDeviations",
      "trailLogGroup",
    ],
    check: patternErrors,
    allowed: `callers that keep filter patterns within ${MAX_PATTERN_LENGTH} characters`,
    next: "replace several roles with one that ends with *, or remove exclusions",
  },
];

/** Measures the patterns with an example account and region, whose patterns have the same length. */
function patternErrors({
  monitoredKeys = [],
  ...values
}: DetectionSettings & Pick<Values, "monitoredKeys" | "trailLogGroup">): readonly string[] {
  if (monitoredKeys.length === 0) return [];
  const { trailLogGroup } = values;
  const scope = createExampleScope(watchEnvironment("prod"), "ap-southeast-2", { trailLogGroup });
  return monitoringDetections(monitoredKeys, values).flatMap((detection) => {
    if (detection.source !== "trail") return [];
    const length = Math.max(...filterPatterns(detection, scope).map((pattern) => pattern.length));
    return length <= MAX_PATTERN_LENGTH
      ? []
      : [`makes the filter pattern of ${detection.id} too long: ${length} characters`];
  });
}

function readKeys(text: string, issues: string[]): readonly MonitoredKey[] {
  let json: unknown;
  try {
    json = JSON.parse(/^[[{]/.test(text) ? text : decodeText(readFileSync(text)));
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    issues.push(
      code === undefined
        ? `is not valid JSON: ${message}`
        : `is not a file that can be read: ${message}`,
    );
    return [];
  }
  const result = Keys.safeParse(json);
  if (!result.success) {
    issues.push(...result.error.issues.map((issue) => describeIssue(issue, json)));
    return [];
  }
  const keys = result.data.map(toMonitoredKey);
  issues.push(...keys.flatMap((key, index) => errorsOf(key, index, keys)));
  return keys;
}

function toMonitoredKey({ key: arn, decryptLimit, ...rest }: KeyEntry): MonitoredKey {
  return { arn, ...rest, ...(decryptLimit === undefined ? {} : { decryptLimit }) };
}

function describeIssue(issue: z.core.$ZodIssue, json: unknown): string {
  const [index, ...path] = issue.path;
  if (typeof index !== "number") return issue.message;
  const name = Array.isArray(json) ? json[index]?.name : undefined;
  const entry = entryName(index, name);
  if (issue.code === "unrecognized_keys") {
    return `${entry} has the unknown member ${issue.keys.join(", ")}. Allowed: ${Object.keys(Key.shape).join(", ")}`;
  }
  return path.length === 0
    ? `${entry} must be an object`
    : `${entry}: ${path.join(".")} ${issue.message}`;
}

const entryName = (index: number, name: unknown) =>
  typeof name === "string" ? `entry ${index + 1} (${name})` : `entry ${index + 1}`;

/** Checks several fields or entries together, which the schema of a field cannot do. */
function errorsOf(
  key: MonitoredKey,
  index: number,
  keys: readonly MonitoredKey[],
): readonly string[] {
  const earlier = keys.slice(0, index);
  const plain = (name: string) => name.replaceAll("-", "");
  const account = accountOf(key.arn);
  const callers = [...key.roles, ...key.users];
  const otherPartition = callers.filter((arn) => partitionOf(arn) !== partitionOf(key.arn));
  const foreign = callers.filter((arn) => accountOf(arn) !== account);
  return [
    ...(earlier.some(({ name }) => plain(name) === plain(key.name))
      ? ["has the name of an earlier entry"]
      : []),
    ...keyErrors(key, earlier),
    ...(key.accounts.includes(account)
      ? [
          `has the key's own account ${account} in accounts, so every caller in this account would be expected: list its roles and users instead`,
        ]
      : []),
    ...otherPartition.map(
      (arn) =>
        `expects ${arn} of the partition ${partitionOf(arn)}, but the key is in ${partitionOf(key.arn)}`,
    ),
    ...foreign.map(
      (arn) =>
        `expects ${arn} of another account, but CloudTrail records only the account of such callers: list ${accountOf(arn)} in accounts`,
    ),
  ].map((message) => `${entryName(index, key.name)} ${message}`);
}

const partitionOf = (arn: string) => arn.split(":")[1];

/** Rejects two entries for one key, because each would count the callers that only the other one expects. */
function keyErrors(key: MonitoredKey, earlier: readonly MonitoredKey[]): readonly string[] {
  if (earlier.some(({ arn }) => arn === key.arn)) return ["has the key of an earlier entry"];
  return earlier.some((other) => arnValue(other) === arnValue(key))
    ? [
        "has a replica of the key of an earlier entry, whose alarms count every replica: list the callers of all replicas there",
      ]
    : [];
}
