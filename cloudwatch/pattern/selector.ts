import type { Segment, Selector } from "./ast.ts";
import { FilterPatternError, invalidPattern, invalidTerm } from "./error.ts";

/** Of wildcards in one selector. */
const MOST_WILDCARDS = 1;
const LARGEST_INDEX = 2 ** 31 - 1;

const NAME = /[A-Za-z0-9_-]+/y;
const DIGITS = /\d+/y;

/**
 * Reads the selector that begins at `start`: `$.name`, then any of `.name`, `.*`, `[0]`, `[*]`,
 * `['any key']`, where a bracket may follow a dot.
 * @throws FilterPatternError
 */
export function scanSelector(pattern: string, start: number): Selector {
  const segments: Segment[] = [];
  let position = start + 1;
  // AWS's scanner takes `$` with its first segment as one term and each further segment as another.
  let term = start;

  const fail = (allowed: string): FilterPatternError =>
    invalidTerm(pattern, term, position, allowed);

  function read(expression: RegExp): string {
    expression.lastIndex = position;
    const text = expression.exec(pattern)?.[0] ?? "";
    position += text.length;
    return text;
  }

  function segment(): Segment {
    if (pattern[position] === "[") return bracket();
    if (pattern[position] === "*") {
      position++;
      return { type: "wildcard" };
    }
    const name = read(NAME);
    if (name === "") throw fail("a property name, *, or ['a name with other characters']");
    return { type: "property", name };
  }

  function bracket(): Segment {
    position++;
    const inside = insideBracket();
    if (pattern[position] !== "]") throw fail("]");
    position++;
    return inside;
  }

  function insideBracket(): Segment {
    if (pattern[position] === "*") {
      position++;
      return { type: "wildcard" };
    }
    if (pattern[position] === "'") {
      const close = pattern.indexOf("'", position + 1);
      const name = pattern.slice(position + 1, close < 0 ? undefined : close);
      position += name.length + 1;
      if (close < 0 || name === "") throw fail("a property name and a closing '");
      position++;
      return { type: "property", name };
    }
    const digits = read(DIGITS);
    if (digits === "") throw fail("an index from 0 on, *, or 'a property name'");
    if (Number(digits) > LARGEST_INDEX) {
      throw invalidPattern(`The index ${digits} is above ${LARGEST_INDEX}.`);
    }
    return { type: "index", index: Number(digits) };
  }

  if (pattern[position] !== ".") throw fail(". and a property name");
  position++;
  segments.push(segment());
  for (;;) {
    term = position;
    if (pattern[position] === "[") {
      segments.push(bracket());
    } else if (pattern[position] === ".") {
      position++;
      segments.push(segment());
    } else {
      break;
    }
  }
  const text = pattern.slice(start, position);
  if (segments.filter(({ type }) => type === "wildcard").length > MOST_WILDCARDS) {
    throw new FilterPatternError(
      `Your filter pattern has a JSON path selector that exceeds the maximum of ${MOST_WILDCARDS} wildcard allowed per json selector.`,
      `The selector is ${text}.`,
    );
  }
  return { text, segments };
}

/**
 * Reads a selector that stands alone, such as the metric value `$.bytes`.
 * @throws FilterPatternError
 */
export function parseSelector(text: string): Selector {
  const selector = scanSelector(text, 0);
  if (text[0] !== "$" || selector.text !== text) {
    throw invalidPattern(`'${text}' is no selector; expected one such as $.userIdentity.arn.`);
  }
  return selector;
}

/** Whether the selector points at any element of something. */
export function hasWildcard(selector: Selector): boolean {
  return selector.segments.some(({ type }) => type === "wildcard");
}

/** What an own property or an element is, `undefined` where there is none. JSON has no `undefined`. */
export function step(value: unknown, segment: Segment): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (segment.type === "index") return Array.isArray(value) ? value[segment.index] : undefined;
  if (segment.type === "wildcard" || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, segment.name)
    ? (value as Readonly<Record<string, unknown>>)[segment.name]
    : undefined;
}
