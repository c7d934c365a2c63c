import type {
  Condition,
  JsonComparison,
  JsonPattern,
  JsonTest,
  Segment,
  Selector,
  StringValue,
} from "./ast.ts";
import {
  type Comparison,
  compileJsonComparison,
  compileJsonMembership,
  type NumberReading,
} from "./compare.ts";
import { compileCondition, type MatchResult, negate, type Test } from "./compile-condition.ts";
import { parseExactJson } from "./exact-json.ts";
import { hasWildcard, resolveSegment } from "./selector.ts";
import { isCompound } from "./traversal.ts";

export interface JsonMatcher {
  readonly message: (message: string) => boolean;
  readonly object: (object: unknown, source?: string) => boolean;
}

/**
 * Compiles a JSON pattern. Messages are parsed with `JSON.parse`, and parsed again exactly only if the result
 * depends on how a number was written.
 */
export function compileJsonPattern({ condition }: JsonPattern): JsonMatcher {
  const rounded = compileObjectTest(condition, "rounded");
  let exact: Test<unknown> | undefined;

  function object(value: unknown, source?: string): boolean {
    if (!isObject(value)) return false;
    const result = rounded(value);
    if (result !== undefined) return result;
    exact ??= compileObjectTest(condition, "exact");
    try {
      return exact(parseExactJson(source ?? JSON.stringify(value))) === true;
    } catch (error) {
      if (error instanceof RangeError) return false; // nested too deep for the parser
      throw error;
    }
  }

  return { object, message: (message) => object(parseMessage(message), message) };
}

const OBJECT = /^[\t\n\r ]*\{/;

/** Parses a message that is one JSON object. Returns `undefined` for any other message. */
export function parseMessage(message: string): object | undefined {
  if (!OBJECT.test(message)) return undefined;
  try {
    return JSON.parse(message) as object;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Several `=` on one selector, joined by `||`, merged into one set lookup. */
interface JsonMembership {
  readonly type: "membership";
  readonly selector: Selector;
  readonly texts: readonly string[];
}

function compileObjectTest(condition: Condition<JsonTest>, reading: NumberReading): Test<unknown> {
  return compileCondition<JsonTest | JsonMembership, unknown>(mergeEqualities(condition), (test) =>
    compileTest(test, reading),
  );
}

function mergeEqualities(condition: Condition<JsonTest>): Condition<JsonTest | JsonMembership> {
  if (!isCompound(condition)) return condition;
  if (condition.type === "and") {
    return { type: "and", conditions: condition.conditions.map(mergeEqualities) };
  }
  const merged = new Map<string, { type: "membership"; selector: Selector; texts: string[] }>();
  const others: Condition<JsonTest | JsonMembership>[] = [];
  for (const inner of condition.conditions) {
    if (!isPlainEquality(inner)) {
      others.push(mergeEqualities(inner));
      continue;
    }
    const { selector, value } = inner;
    const membership = merged.get(selector.text);
    if (membership !== undefined) membership.texts.push(value.text);
    else merged.set(selector.text, { type: "membership", selector, texts: [value.text] });
  }
  return { type: "or", conditions: [...merged.values(), ...others] };
}

function isPlainEquality(
  condition: Condition<JsonTest>,
): condition is JsonComparison & { readonly value: StringValue } {
  return (
    condition.type === "comparison" &&
    condition.operator === "=" &&
    condition.value.type === "string" &&
    !hasWildcard(condition.selector)
  );
}

function compileTest(test: JsonTest | JsonMembership, reading: NumberReading): Test<unknown> {
  const { segments } = test.selector;
  const wildcard = segments.findIndex(({ type }) => type === "wildcard");
  const path = compilePath(wildcard < 0 ? segments : segments.slice(0, wildcard));
  const rest = wildcard < 0 ? undefined : compilePath(segments.slice(wildcard + 1));
  switch (test.type) {
    case "missing":
      return rest === undefined
        ? (root) => path(root) === undefined
        : (root) => negate(anyElement(path(root), rest, (value) => value !== undefined));
    case "is": {
      const { constant } = test;
      if (rest !== undefined) {
        return (root) => anyElement(path(root), rest, (value) => value === constant);
      }
      return constant === null
        ? (root) => isOrContainsNull(path(root))
        : (root) => path(root) === constant;
    }
    case "membership": {
      const comparison = compileJsonMembership(test.texts, reading);
      return (root) => compare(comparison, path(root));
    }
    case "comparison":
      return rest === undefined
        ? compileScalarTest(test, path, reading)
        : compileElementTest(test, path, rest, reading);
  }
}

function compileScalarTest(
  { operator, value }: JsonComparison,
  path: Path,
  reading: NumberReading,
): Test<unknown> {
  const comparison = compileJsonComparison(operator, value, reading);
  return (root) => compare(comparison, path(root));
}

/**
 * `=` and relational operators match if any element does. `!=` matches if the path exists and no element is
 * equal.
 */
function compileElementTest(
  { operator, value }: JsonComparison,
  path: Path,
  rest: Path,
  reading: NumberReading,
): Test<unknown> {
  const isNegative = operator === "!=";
  const comparison = compileJsonComparison(isNegative ? "=" : operator, value, reading);
  const test: Test<unknown> = (element) => compare(comparison, element);
  if (!isNegative) return (root) => anyElement(path(root), rest, test);
  return (root) => {
    const parent = path(root);
    return parent !== undefined && negate(anyElement(parent, rest, test));
  };
}

function compare(comparison: Comparison, value: unknown): MatchResult {
  if (typeof value === "string") return comparison.text(value);
  if (typeof value === "number" || typeof value === "bigint") return comparison.number(value);
  return false;
}

function isOrContainsNull(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.includes(null));
}

function anyElement(parent: unknown, rest: Path, test: Test<unknown>): MatchResult {
  if (typeof parent !== "object" || parent === null) return false;
  let result: MatchResult = false;
  for (const element of Array.isArray(parent) ? parent : Object.values(parent)) {
    const matched = test(rest(element));
    if (matched === true) return true;
    if (matched === undefined) result = undefined;
  }
  return result;
}

/** Resolves a path without a wildcard; `undefined` if it does not exist. */
type Path = (value: unknown) => unknown;

function compilePath(segments: readonly Segment[]): Path {
  return segments.reduceRight<Path>(
    (rest, segment) => {
      // Only names that every object inherits need the slower own-property check.
      if (segment.type !== "property" || segment.name in Object.prototype) {
        return (value) => rest(resolveSegment(value, segment));
      }
      const { name } = segment;
      return (value) =>
        typeof value !== "object" || value === null || Array.isArray(value)
          ? undefined
          : rest((value as Readonly<Record<string, unknown>>)[name]);
    },
    (value) => value,
  );
}
