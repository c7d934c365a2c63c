import type { FilterPattern } from "./ast.ts";
import { compileJsonPattern } from "./json-match.ts";
import { compileRegex } from "./regex.ts";
import { compileSpacePattern, type FieldValues } from "./space-match.ts";
import { compileTextPattern } from "./text-match.ts";

/** A compiled pattern. */
interface Matcher {
  readonly message: (message: string) => boolean;
  /** Set for patterns that can match a parsed message. */
  readonly object?: (object: unknown, source?: string) => boolean;
  /** Set for patterns with named fields. Returns `undefined` for a message that does not match. */
  readonly fields?: (message: string) => FieldValues | undefined;
}

/** Compiles each pattern once. */
const matchers = new WeakMap<FilterPattern, Matcher>();

function matcherOf(pattern: FilterPattern): Matcher {
  let matcher = matchers.get(pattern);
  if (matcher === undefined) {
    matcher = compile(pattern);
    matchers.set(pattern, matcher);
  }
  return matcher;
}

function compile(pattern: FilterPattern): Matcher {
  switch (pattern.kind) {
    case "all":
      return { message: () => true, object: () => true };
    case "text":
      return { message: compileTextPattern(pattern) };
    case "regex":
      return { message: compileRegex(pattern.regex.source) };
    case "json":
      return compileJsonPattern(pattern);
    case "space":
      return compileSpacePattern(pattern);
  }
}

/** Returns whether the message of a log event matches. Never throws. */
export function matches(pattern: FilterPattern, message: string): boolean {
  return matcherOf(pattern).message(message);
}

/**
 * Returns whether a parsed message matches, so that many patterns can share one `JSON.parse`.
 * @param source the text of the message. Used only if the result depends on how a number was written (`1` or
 *   `1.0`, integers above 2^53). Defaults to the object as serialized by `JSON.stringify`.
 * @throws TypeError for patterns that match text instead of JSON
 */
export function matchesJson(pattern: FilterPattern, object: unknown, source?: string): boolean {
  const matcher = matcherOf(pattern);
  if (matcher.object === undefined) {
    throw new TypeError(
      `${pattern.source} is a ${pattern.kind} pattern, which matches text instead of JSON; use matches().`,
    );
  }
  return matcher.object(object, source);
}

/**
 * Returns the `extractedValues` of TestMetricFilter: the fields of a message that matches a space-delimited
 * pattern, with keys `$name` for named fields and `$1`, `$2`… for all others. Empty for other patterns.
 */
export function extractValues(pattern: FilterPattern, message: string): Record<string, string> {
  return { ...matcherOf(pattern).fields?.(message) };
}
