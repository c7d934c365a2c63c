import type { FilterPattern } from "./ast.ts";
import { compileJsonPattern } from "./json-match.ts";
import { compileRegex } from "./regex.ts";
import { compileSpacePattern, type FieldValues } from "./space-match.ts";
import { compileTextPattern } from "./text-match.ts";

/** A pattern as functions. */
interface Matcher {
  readonly message: (message: string) => boolean;
  /** For patterns that a parsed message can be matched with. */
  readonly object?: (object: unknown, source?: string) => boolean;
  /** For patterns that name fields; `undefined` for a message that does not match. */
  readonly fields?: (message: string) => FieldValues | undefined;
}

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

/** Whether a log event's message matches. It throws for no message. */
export function matches(pattern: FilterPattern, message: string): boolean {
  return matcherOf(pattern).message(message);
}

/**
 * Whether a message that is already parsed matches, so that many patterns share one `JSON.parse`.
 * @param source the message's text. It is read only where a number of the object may have been rounded
 *   or written otherwise (`1` and `1.0`, integers above 2^53); without it, numbers count as JavaScript
 *   writes them.
 * @throws TypeError for a pattern that is not about JSON: those match the message's text
 */
export function matchesJson(pattern: FilterPattern, object: unknown, source?: string): boolean {
  const matcher = matcherOf(pattern);
  if (matcher.object === undefined) {
    throw new TypeError(
      `${pattern.source} is a ${pattern.kind} pattern, which matches a message's text: use matches().`,
    );
  }
  return matcher.object(object, source);
}

/**
 * The `extractedValues` of TestMetricFilter: for a space-delimited pattern each field of a message
 * that matches, `$name` for one with a name and `$1`, `$2`… by position for any other; for other
 * patterns nothing.
 */
export function extractValues(pattern: FilterPattern, message: string): Record<string, string> {
  return { ...matcherOf(pattern).fields?.(message) };
}
