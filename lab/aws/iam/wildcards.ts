const compiled = new Map<string, RegExp>();

/** Matches a whole value against a pattern in which `*` stands for any text and `?` for any character. */
export function matchesWildcards(pattern: string, value: string, flags: "" | "i" = ""): boolean {
  const key = `${flags}${pattern}`;
  let expression = compiled.get(key);
  if (expression === undefined) {
    const source = pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll(/\*+/g, ".*")
      .replaceAll("?", ".");
    expression = new RegExp(`^${source}$`, `s${flags}`);
    compiled.set(key, expression);
  }
  return expression.test(value);
}

/** The parts of an ARN before its resource. */
const ARN_PREFIX_PARTS = 5;

/**
 * Matches ARNs part by part, so that a wildcard never spans a colon before the resource.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
 */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === "*") return true;
  const patternParts = partsOf(pattern);
  const arnParts = partsOf(arn);
  return (
    patternParts.length === arnParts.length &&
    patternParts.every((part, index) => matchesWildcards(part, arnParts[index] ?? ""))
  );
}

function partsOf(arn: string): readonly string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, ARN_PREFIX_PARTS), parts.slice(ARN_PREFIX_PARTS).join(":")];
}
