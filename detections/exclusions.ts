import type { ExpectedCallers, TrailDetection } from "./detection.ts";
import { anyOf, CALLER_ROLE_ARN, matchesAny, matchesNone, restricted } from "./pattern.ts";
import type { MonitoringScope } from "./scope.ts";

/**
 * The fields of a record that identify the caller.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
const SELECTORS: Readonly<Record<keyof ExpectedCallers, string>> = {
  services: "$.userIdentity.invokedBy",
  roles: CALLER_ROLE_ARN,
  callers: "$.userIdentity.arn",
};

/**
 * The ARN of a role, which can end with `*`. EC2 decrypts volumes with a role that only AWS can name:
 * https://docs.aws.amazon.com/kms/latest/developerguide/ct-ec2two.html. The roles of IAM Identity Center and of AWS
 * services always have a path, and without it the ARN would match no caller.
 */
export const EXPECTED_ROLE =
  /^arn:aws[a-z-]*:iam::\d{12}:role\/(aws:ec2-infrastructure|(?!AWSReservedSSO_|AWSServiceRoleFor)[\w+=,.@/-]+\*?)$/;

/** Allows a wildcard only at the end: AWS documents none within a value. */
const FORMATS: Readonly<Record<keyof ExpectedCallers, RegExp>> = {
  services: /^([a-z0-9-]+\.)+amazonaws\.com(\.cn)?$/,
  roles: EXPECTED_ROLE,
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

/**
 * The patterns of the detection's metric filters, with conditions that exclude expected callers and the
 * settings' exclusions. A record that matches several patterns is counted several times.
 */
export function filterPatterns<Scope extends MonitoringScope>(
  detection: TrailDetection<Scope>,
  scope: Scope,
): readonly string[] {
  const expected = detection.expectedCallers?.(scope) ?? {};
  const patterns = [detection.pattern(scope), ...(detection.furtherPatterns?.(scope) ?? [])];
  return patterns.map((pattern) => {
    const counted = withoutCallers(pattern, detection.exclusions ?? [], expected);
    return detection.countsAllAccounts ? counted : ofCountedAccounts(counted, scope);
  });
}

/**
 * A JSON filter pattern that counts only events of the scope's accounts. A call from one account on a
 * resource of another is recorded in both, each with its own account as the recipient:
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function ofCountedAccounts(pattern: string, { countedAccountIds }: MonitoringScope): string {
  return countedAccountIds === undefined
    ? pattern
    : restricted(pattern, matchesAny("$.recipientAccountId", ...countedAccountIds));
}

/** A JSON filter pattern that does not count the excluded callers. */
export function withoutCallers(
  pattern: string,
  exclusions: readonly string[],
  expected: ExpectedCallers = {},
): string {
  const conditions = KINDS.flatMap((kind) => {
    const values = [...(expected[kind] ?? []), ...ofKind(kind, exclusions)];
    return values.length === 0 ? [] : [matchesNone(SELECTORS[kind], ...values)];
  });
  if (conditions.length === 0) return pattern; // unchanged: Security Hub compares CIS patterns literally
  return restricted(pattern, ...conditions);
}

/** A JSON filter pattern that counts only the excluded callers: what `withoutCallers` does not count. */
export function onlyCallers(pattern: string, exclusions: readonly string[]): string {
  const conditions = KINDS.flatMap((kind) => {
    const values = ofKind(kind, exclusions);
    return values.length === 0 ? [] : [matchesAny(SELECTORS[kind], ...values)];
  });
  return restricted(pattern, anyOf(...conditions));
}

function ofKind(kind: keyof ExpectedCallers, exclusions: readonly string[]): readonly string[] {
  return exclusions.filter((exclusion) => FORMATS[kind].test(exclusion));
}
