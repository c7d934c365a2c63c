/** Parts of CloudWatch Logs filter patterns for JSON. Values may begin or end with `*`. */

/** The field is one of these texts. */
export function matchesAny(selector: string, ...values: readonly string[]): string {
  return grouped(
    values.map((value) => `${selector} = "${value}"`),
    "||",
  );
}

/** The field is none of these texts, or is not there: AWS's `!=` alone is false on a missing field. */
export function matchesNone(selector: string, ...values: readonly string[]): string {
  const differs = grouped(
    values.map((value) => `${selector} != "${value}"`),
    "&&",
  );
  return `(${selector} NOT EXISTS || ${differs})`;
}

export const allOf = (...conditions: readonly string[]): string => conditions.join(" && ");
export const anyOf = (...conditions: readonly string[]): string => grouped(conditions, "||");

/** The ARN of the role whose session made the call; users and AWS services have none. */
export const CALLER_ROLE_ARN = "$.userIdentity.sessionContext.sessionIssuer.arn";

/** Some element of what the call touched, by its ARN. KMS resolves aliases and ids to it. */
export const RESOURCE_ARN = "$.resources[*].ARN";

export function jsonPattern(condition: string): string {
  return `{ ${condition} }`;
}

function grouped(conditions: readonly string[], operator: "||" | "&&"): string {
  const [only, ...others] = conditions;
  if (only === undefined)
    throw new RangeError("A filter pattern has no condition without a value.");
  return others.length === 0 ? only : `(${conditions.join(` ${operator} `)})`;
}
