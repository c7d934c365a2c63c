import type { ExpectedCallers, TrailDetection } from "./detection.ts";
import { allOf, CALLER_ROLE_ARN, jsonPattern, matchesNone } from "./pattern.ts";
import type { DetectionScope } from "./scope.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html */
export const LONGEST_PATTERN = 1024;

/**
 * The fields of a record that identify the caller.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
const SELECTORS: Readonly<Record<keyof ExpectedCallers, string>> = {
  services: "$.userIdentity.invokedBy",
  roles: CALLER_ROLE_ARN,
  callers: "$.userIdentity.arn",
};

/** Allows a wildcard only at the end: AWS documents none within a value. */
const FORMATS: Readonly<Record<keyof ExpectedCallers, RegExp>> = {
  services: /^([a-z0-9-]+\.)+amazonaws\.com(\.cn)?$/,
  roles: /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+\*?$/,
  callers:
    /^arn:aws[a-z-]*:(iam::\d{12}:user|sts::\d{12}:(assumed-role|federated-user))\/[\w+=,.@/:-]+\*?$/,
};

const KINDS = Object.keys(SELECTORS) as (keyof ExpectedCallers)[];

export const EXCLUSIONS_ALLOWED =
  "AWS services such as config.amazonaws.com, and ARNs of roles, users and sessions, which may end with *";

/** @returns an error message, or undefined for a valid exclusion */
export function validateExclusion(exclusion: string): string | undefined {
  return KINDS.some((kind) => FORMATS[kind].test(exclusion))
    ? undefined
    : `${JSON.stringify(exclusion)} is neither an AWS service nor the ARN of a role, a user or a session`;
}

/** The detection's filter pattern, with conditions that exclude expected callers and the settings' exclusions. */
export function filterPattern(detection: TrailDetection, scope: DetectionScope): string {
  const { exclusions = [] } = detection;
  const expected = detection.expectedCallers?.(scope) ?? {};
  const conditions = KINDS.flatMap((kind) => {
    const values = [
      ...(expected[kind] ?? []),
      ...exclusions.filter((exclusion) => FORMATS[kind].test(exclusion)),
    ];
    return values.length === 0 ? [] : [matchesNone(SELECTORS[kind], ...values)];
  });
  const pattern = detection.pattern(scope);
  if (conditions.length === 0) return pattern; // unchanged: Security Hub compares CIS patterns literally
  return jsonPattern(allOf(`(${pattern.trim().slice(1, -1).trim()})`, ...conditions));
}
