import type { FilterPattern } from "./ast.ts";
import { parseMessage } from "./json-match.ts";
import { extractValues } from "./matcher.ts";
import { hasWildcard, parseSelector, resolveSegment } from "./selector.ts";

/**
 * Resolves a metric value or dimension such as `$.bytes`, `$bytes` or `$3` in a matching message.
 * @returns a JSON value or the text of a field; `undefined` if the message has no such field
 * @param reference `$.path` for a JSON pattern, `$name` or `$number` for a space-delimited one
 * @throws FilterPatternError if the pattern is a JSON pattern and the reference is not a selector
 */
export function readField(pattern: FilterPattern, message: string, reference: string): unknown {
  if (pattern.kind !== "json") return readText(extractValues(pattern, message), reference);
  const selector = parseSelector(reference);
  if (hasWildcard(selector)) return undefined;
  return selector.segments.reduce<unknown>(resolveSegment, parseMessage(message));
}

function readText(values: Readonly<Record<string, string>>, reference: string): string | undefined {
  return Object.hasOwn(values, reference) ? values[reference] : undefined;
}
