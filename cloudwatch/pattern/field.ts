import type { FilterPattern } from "./ast.ts";
import { parseMessage } from "./json-match.ts";
import { extractValues } from "./matcher.ts";
import { hasWildcard, parseSelector, step } from "./selector.ts";

/**
 * What a metric value or a dimension such as `$.bytes`, `$bytes` or `$3` refers to in a message that
 * matches: a JSON value, or the text of a field; `undefined` where there is none.
 * @param reference `$.path` for a JSON pattern, `$name` or `$number` for a space-delimited one
 * @throws FilterPatternError for a JSON pattern with a reference that is not a selector
 */
export function readField(pattern: FilterPattern, message: string, reference: string): unknown {
  if (pattern.kind !== "json") return readText(extractValues(pattern, message), reference);
  const selector = parseSelector(reference);
  if (hasWildcard(selector)) return undefined;
  return selector.segments.reduce<unknown>(step, parseMessage(message));
}

function readText(values: Readonly<Record<string, string>>, reference: string): string | undefined {
  return Object.hasOwn(values, reference) ? values[reference] : undefined;
}
