import { parseAddress, validateCidr } from "../../../common/cidr.ts";
import { PolicyError, rejectVariables } from "./policy-error.ts";
import { matchesArn, matchesWildcards } from "./wildcards.ts";

/**
 * The condition keys of a request, in lower case because IAM ignores their case. A key that does not apply
 * to the request is absent. A key with several values has a list.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export type Context = ReadonlyMap<string, string | readonly string[]>;

export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
  readonly matches: (value: string | readonly string[] | undefined) => boolean;
}

type Comparison = (expected: string, actual: string) => boolean;

const equals: Comparison = (expected, actual) => expected === actual;
const equalsIgnoreCase: Comparison = (expected, actual) =>
  expected.toLowerCase() === actual.toLowerCase();

/** The operators that match if any of their values matches. */
const POSITIVE: Readonly<Record<string, Comparison>> = {
  StringEquals: equals,
  StringEqualsIgnoreCase: equalsIgnoreCase,
  StringLike: (pattern, value) => matchesWildcards(pattern, value),
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  Bool: equalsIgnoreCase,
  NumericEquals: (expected, actual) => Number(expected) === Number(actual),
  NumericLessThan: (expected, actual) => Number(actual) < Number(expected),
  NumericLessThanEquals: (expected, actual) => Number(actual) <= Number(expected),
  NumericGreaterThan: (expected, actual) => Number(actual) > Number(expected),
  NumericGreaterThanEquals: (expected, actual) => Number(actual) >= Number(expected),
  IpAddress: isWithin,
};

/** The operators that match if none of their values matches, or if the request lacks the key. */
const NEGATED: Readonly<Record<string, Comparison>> = {
  StringNotEquals: equals,
  StringNotEqualsIgnoreCase: equalsIgnoreCase,
  StringNotLike: (pattern, value) => matchesWildcards(pattern, value),
  ArnNotEquals: matchesArn,
  ArnNotLike: matchesArn,
  NumericNotEquals: (expected, actual) => Number(expected) === Number(actual),
  NotIpAddress: isWithin,
};

const OPERATOR = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/;

/**
 * Parses the Condition element of a statement.
 * @throws PolicyError for an operator that the lab does not evaluate
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function parseConditions(element: unknown): readonly Condition[] {
  return entriesOf(element, "Condition").flatMap(([operator, block]) =>
    entriesOf(block, operator).map(([key, value]) => {
      const values = (Array.isArray(value) ? value : [value]).map(String);
      rejectVariables(values);
      return { operator, key: key.toLowerCase(), values, matches: matcherOf(operator, values) };
    }),
  );
}

export function conditionsMatch(conditions: readonly Condition[], context: Context): boolean {
  return conditions.every(({ key, matches }) => matches(context.get(key)));
}

function entriesOf(value: unknown, name: string): readonly [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PolicyError(`${name} must be an object, not ${JSON.stringify(value)}.`);
  }
  return Object.entries(value);
}

function matcherOf(operator: string, values: readonly string[]): Condition["matches"] {
  if (operator === "Null") {
    return (actual) => values.some((value) => (value === "true") === (actual === undefined));
  }
  const [, quantifier, base = "", ifExists] = OPERATOR.exec(operator) ?? [];
  const positive = Object.hasOwn(POSITIVE, base) ? POSITIVE[base] : undefined;
  const negated = Object.hasOwn(NEGATED, base) ? NEGATED[base] : undefined;
  const comparison = positive ?? negated;
  if (comparison === undefined) {
    const known = [...Object.keys(POSITIVE), ...Object.keys(NEGATED), "Null"].join(", ");
    throw new PolicyError(
      `The lab does not evaluate the condition operator ${operator}. Supported: ${known}; with the prefix ForAllValues: or ForAnyValue:, and with the suffix IfExists.`,
    );
  }
  if (base.endsWith("IpAddress")) values.forEach(requireRange);
  const matchesOne = (actual: string) =>
    values.some((value) => comparison(value, actual)) === (positive !== undefined);
  return (actual) => {
    const list = actual === undefined || typeof actual === "string" ? actual : [...actual];
    if (quantifier === "ForAllValues") return [list ?? []].flat().every(matchesOne);
    if (list === undefined) {
      if (quantifier === "ForAnyValue") return false;
      return ifExists !== undefined || negated !== undefined;
    }
    return [list].flat().some(matchesOne);
  };
}

function requireRange(range: string): void {
  const problem = validateCidr(range.includes("/") ? range : `${range}/32`);
  if (problem !== undefined) throw new PolicyError(`${problem}. The lab has no IPv6.`);
}

function isWithin(range: string, address: string): boolean {
  const [network = "", bits = "32"] = range.split("/");
  const mask = bits === "0" ? 0 : -1 << (32 - Number(bits));
  return (parseAddress(network) & mask) === (parseAddress(address) & mask);
}
