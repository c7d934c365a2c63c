/** Builds CloudWatch Logs filter patterns for JSON. Values may begin or end with the wildcard `*`. */

export function jsonPattern(condition: string): string {
  return `{ ${condition} }`;
}

export const allOf = (...conditions: readonly string[]): string => conditions.join(" && ");
export const anyOf = (...conditions: readonly string[]): string => grouped(conditions, "||");

/** The field matches one of the values. */
export function matchesAny(selector: string, ...values: readonly string[]): string {
  return anyOf(...values.map((value) => `${selector} = "${value}"`));
}

/** Fields that every CloudTrail record has. */
const REQUIRED_FIELDS = ["$.eventName", "$.eventSource"];

/** The field matches none of the values, or is missing: `!=` alone is false for a missing field. */
export function matchesNone(selector: string, ...values: readonly string[]): string {
  const differs = grouped(
    values.map((value) => `${selector} != "${value}"`),
    "&&",
  );
  return REQUIRED_FIELDS.includes(selector) ? differs : `(${selector} NOT EXISTS || ${differs})`;
}

/** Adds conditions to a JSON filter pattern. */
export function restricted(pattern: string, ...conditions: readonly string[]): string {
  return jsonPattern(allOf(`(${pattern.trim().slice(1, -1).trim()})`, ...conditions));
}

/** ARN of the role whose session made the call. Users and AWS services have none. */
export const CALLER_ROLE_ARN = "$.userIdentity.sessionContext.sessionIssuer.arn";

/** Excludes the calls of a role; no condition if there is no role. */
export function notByRole(roleArn: string | undefined): readonly string[] {
  return roleArn === undefined ? [] : [matchesNone(CALLER_ROLE_ARN, roleArn)];
}

/** The service-linked roles of an AWS service. IAM reserves their path, so nobody else can be in such a role. */
export const serviceLinkedRole = (service: string): string => `*/aws-service-role/${service}.*`;

/** ARN of any resource of the call. KMS resolves aliases and key IDs to ARNs here. */
export const RESOURCE_ARN = "$.resources[*].ARN";

/**
 * CloudTrail omitted the parameters of the request, because they are longer than 100 KB. The record then does not say
 * which resource the call changed.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export const PARAMETERS_OMITTED: string = anyOf(
  "$.requestParameters.omitted IS TRUE",
  matchesAny("$.requestParameters.reason", "requestParameters too large"),
);

/** A condition of a Logs Insights query: the log event contains one of the values. */
export function mentionsAny(values: readonly string[]): string {
  return grouped(
    values.map((value) => `@message like "${value}"`),
    "or",
  );
}

function grouped(conditions: readonly string[], operator: "||" | "&&" | "or"): string {
  if (conditions.length === 0) throw new RangeError("A condition needs at least one value.");
  return conditions.length === 1 ? String(conditions[0]) : `(${conditions.join(` ${operator} `)})`;
}
