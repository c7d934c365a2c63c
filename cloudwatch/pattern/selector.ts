import type { Segment, Selector } from "./ast.ts";
import { FilterPatternError, invalidPattern, invalidTerm } from "./error.ts";

/** Per selector. */
const MAX_WILDCARDS = 1;
const MAX_INDEX = 2 ** 31 - 1;

const NAME = /[A-Za-z0-9_-]+/y;
const DIGITS = /\d+/y;

/**
 * Reads the selector at offset `start`: `$.name`, followed by any number of `.name`, `.*`, `[0]`, `[*]` and
 * `['any key']`. A bracket may follow a dot.
 * @throws FilterPatternError
 */
export function scanSelector(pattern: string, start: number): Selector {
  const segments: Segment[] = [];
  let position = start + 1;
  // AWS reports `$` with the first segment as one term, and each further segment as a separate term.
  let term = start;

  const invalid = (allowed: string): FilterPatternError =>
    invalidTerm(pattern, term, position, allowed);

  function read(expression: RegExp): string {
    expression.lastIndex = position;
    const text = expression.exec(pattern)?.[0] ?? "";
    position += text.length;
    return text;
  }

  function readSegment(): Segment {
    if (pattern[position] === "[") return readBracket();
    if (pattern[position] === "*") {
      position++;
      return { type: "wildcard" };
    }
    const name = read(NAME);
    if (name === "") throw invalid("a property name, *, or ['a name with other characters']");
    return { type: "property", name };
  }

  function readBracket(): Segment {
    position++;
    const segment = readBracketContent();
    if (pattern[position] !== "]") throw invalid("]");
    position++;
    return segment;
  }

  function readBracketContent(): Segment {
    if (pattern[position] === "*") {
      position++;
      return { type: "wildcard" };
    }
    if (pattern[position] === "'") {
      const close = pattern.indexOf("'", position + 1);
      const name = pattern.slice(position + 1, close < 0 ? undefined : close);
      position += name.length + 1;
      if (close < 0 || name === "") throw invalid("a property name and a closing '");
      position++;
      return { type: "property", name };
    }
    const digits = read(DIGITS);
    if (digits === "") throw invalid("a non-negative index, *, or 'a property name'");
    if (Number(digits) > MAX_INDEX) {
      throw invalidPattern(`The index ${digits} exceeds the maximum of ${MAX_INDEX}.`, {
        start: position - digits.length,
        end: position,
      });
    }
    return { type: "index", index: Number(digits) };
  }

  if (pattern[position] !== ".") throw invalid(". and a property name");
  position++;
  segments.push(readSegment());
  for (;;) {
    term = position;
    if (pattern[position] === "[") {
      segments.push(readBracket());
    } else if (pattern[position] === ".") {
      position++;
      segments.push(readSegment());
    } else {
      break;
    }
  }
  const text = pattern.slice(start, position);
  if (segments.filter(({ type }) => type === "wildcard").length > MAX_WILDCARDS) {
    throw tooManyWildcards(text, start);
  }
  return { text, segments };
}

function tooManyWildcards(selector: string, start: number): FilterPatternError {
  return new FilterPatternError(
    `Your filter pattern has a JSON path selector that exceeds the maximum of ${MAX_WILDCARDS} wildcard allowed per json selector.`,
    `The selector is ${selector}.`,
    { start, end: start + selector.length },
  );
}

/**
 * Parses text that consists of one selector, such as the metric value `$.bytes`.
 * @throws FilterPatternError
 */
export function parseSelector(text: string): Selector {
  const selector = scanSelector(text, 0);
  if (text[0] !== "$" || selector.text !== text) {
    throw invalidPattern(`'${text}' is not a selector; expected one such as $.userIdentity.arn.`);
  }
  return selector;
}

/** Returns whether a selector contains `*`, and so can refer to several values. */
export function hasWildcard(selector: Selector): boolean {
  return selector.segments.some(({ type }) => type === "wildcard");
}

/** Returns an own property or an array element; `undefined`, which JSON cannot contain, if it is missing. */
export function resolveSegment(value: unknown, segment: Segment): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (segment.type === "index") return Array.isArray(value) ? value[segment.index] : undefined;
  if (segment.type === "wildcard" || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, segment.name)
    ? (value as Readonly<Record<string, unknown>>)[segment.name]
    : undefined;
}
