/** A policy that AWS would reject, or that the lab cannot evaluate. */
export class PolicyError extends Error {}

/**
 * Rejects values with policy variables.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function rejectVariables(values: readonly string[]): void {
  const value = values.find((candidate) => candidate.includes("${"));
  if (value === undefined) return;
  throw new PolicyError(`The lab does not evaluate policy variables, such as in "${value}".`);
}
