import type { ExpectedCallers, TrailDetection } from "./detection.ts";
import { allOf, CALLER_ROLE_ARN, jsonPattern, matchesNone } from "./pattern.ts";
import type { DetectionScope } from "./scope.ts";

/** FilterPattern in CloudWatch Logs' PutMetricFilter reference. */
export const LONGEST_PATTERN = 1024;

/**
 * The field of a record that tells who is expected.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
const SELECTORS: Readonly<Record<keyof ExpectedCallers, string>> = {
  services: "$.userIdentity.invokedBy",
  roles: CALLER_ROLE_ARN,
  callers: "$.userIdentity.arn",
};

/** Inside a value AWS documents no wildcard, so none is taken but at the end. */
const FORMS: Readonly<Record<keyof ExpectedCallers, RegExp>> = {
  services: /^([a-z0-9-]+\.)+amazonaws\.com(\.cn)?$/,
  roles: /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+\*?$/,
  callers:
    /^arn:aws[a-z-]*:(iam::\d{12}:user|sts::\d{12}:(assumed-role|federated-user))\/[\w+=,.@/:-]+\*?$/,
};

const KINDS = Object.keys(SELECTORS) as (keyof ExpectedCallers)[];

export const EXCLUSIONS_ALLOWED =
  "AWS services such as config.amazonaws.com, and ARNs of roles, users and sessions, which may end with *";

/** What is wrong with an exclusion, if anything is. */
export function validateExclusion(exclusion: string): string | undefined {
  return KINDS.some((kind) => FORMS[kind].test(exclusion))
    ? undefined
    : `${JSON.stringify(exclusion)} is neither an AWS service nor the ARN of a role, a user or a session`;
}

/** The detection's filter pattern, which leaves out whoever is expected to do what it counts. */
export function filterPattern(detection: TrailDetection, scope: DetectionScope): string {
  const { exclusions = [] } = detection;
  const expected = detection.expectedCallers?.(scope) ?? {};
  const conditions = KINDS.flatMap((kind) => {
    const values = [...(expected[kind] ?? []), ...exclusions.filter((it) => FORMS[kind].test(it))];
    return values.length === 0 ? [] : [matchesNone(SELECTORS[kind], ...values)];
  });
  const pattern = detection.pattern(scope);
  if (conditions.length === 0) return pattern; // to the letter, as auditors compare those of CIS
  return jsonPattern(allOf(`(${pattern.trim().slice(1, -1).trim()})`, ...conditions));
}
