import { isDeepStrictEqual } from "node:util";

type Json = Readonly<Record<string, unknown>>;

/**
 * Matches an event like EventBridge, with the operators that our patterns use: values, `prefix`, `suffix`, `wildcard`,
 * `anything-but`, `exists` and `$or`.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 * @throws if the pattern has another operator
 */
export function matchesEventPattern(pattern: Json, event: Json): boolean {
  return Object.entries(pattern).every(([key, expected]) => {
    if (key === "$or") return (expected as Json[]).some((each) => matchesEventPattern(each, event));
    const actual = event[key];
    if (Array.isArray(expected)) return expected.some((each) => matchesField(each, actual));
    const objects = (Array.isArray(actual) ? actual : [actual ?? {}]) as Json[];
    return objects.some((object) => matchesEventPattern(expected as Json, object));
  });
}

/** An array in the event matches if one of its elements does. */
function matchesField(expected: unknown, actual: unknown): boolean {
  const values = Array.isArray(actual) ? actual : actual === undefined ? [] : [actual];
  if (typeof expected !== "object" || expected === null) return values.includes(expected);
  const [[operator, operand] = ["", ""], ...more] = Object.entries(expected);
  if (more.length > 0) throw new Error(`More than one operator: ${JSON.stringify(expected)}`);
  switch (operator) {
    case "exists":
      return values.length > 0 === operand;
    case "prefix":
      return values.some((value) => String(value).startsWith(operand));
    case "suffix":
      return values.some((value) => String(value).endsWith(operand));
    case "wildcard":
      return values.some((value) => matchesWildcard(operand, String(value)));
    case "anything-but":
      return values.some((value) => ![operand].flat().some((but) => isDeepStrictEqual(but, value)));
    default:
      throw new Error(`Unknown operator ${operator}.`);
  }
}

function matchesWildcard(wildcard: string, value: string): boolean {
  const parts = wildcard.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(value);
}
