import type { Call } from "./candidates.ts";

/**
 * Returns the time of the record in `text[from, to)`, without parsing it, if no filter can match it; undefined if it
 * has to be parsed.
 */
export type Skim = (from: number, to: number) => string | undefined;

interface SkimProps {
  /**
   * Returns search texts for a call: every matching record contains at least one of them (see `Candidates`). Returns
   * undefined if all records of the call must be parsed.
   */
  readonly literalsOf: (call: Call) => readonly string[] | undefined;
  /** Maximum length of a record that is not parsed. */
  readonly maxLength: number;
}

/** CloudTrail writes these fields in this order, after `userIdentity`, which is an object. */
const BEFORE_TIME = '},"eventTime":"';
const TIME_LENGTH = "2026-03-02T09:14:27Z".length;
const BEFORE_SOURCE = '","eventSource":"';
const BEFORE_NAME = '","eventName":"';

/** Bounds the cache. AWS has only thousands of API operations, so further names are not those of real calls. */
const MAX_CALLS = 20_000;

/**
 * Skims records as CloudTrail writes them: compact JSON, with fields in a fixed order. Most records match no
 * filter, and parsing them would take most of the time of a replay.
 *
 * A record with a backslash is parsed, since it may contain escaped literals.
 * @returns a function that begins a new text
 */
export function createSkimmer({ literalsOf, maxLength }: SkimProps): (text: string) => Skim {
  /** Expressions that find a literal, by the text from `eventSource` to `eventName`. */
  const byCall = new Map<string, RegExp | undefined>();

  function matcherAt(text: string, source: number, name: number, end: number) {
    const call = text.slice(source, end);
    if (byCall.has(call)) return byCall.get(call);
    if (byCall.size >= MAX_CALLS) byCall.clear();
    // A slice would keep the whole text in memory.
    const key = Buffer.from(call).toString();
    const literals = literalsOf({
      eventSource: key.slice(0, name - source - BEFORE_NAME.length),
      eventName: key.slice(name - source),
    });
    const matcher = literals && anyOf(literals);
    byCall.set(key, matcher);
    return matcher;
  }

  return (text) => {
    let backslash = -1;
    return (from, to) => {
      if (backslash < from) backslash = indexOf(text, "\\", from);
      if (to - from > maxLength || backslash < to) return undefined;
      const time = indexOf(text, BEFORE_TIME, from) + BEFORE_TIME.length;
      const source = time + TIME_LENGTH + BEFORE_SOURCE.length;
      if (source >= to || !text.startsWith(BEFORE_SOURCE, time + TIME_LENGTH)) return undefined;
      const sourceEnd = indexOf(text, '"', source);
      if (!text.startsWith(BEFORE_NAME, sourceEnd)) return undefined;
      const name = sourceEnd + BEFORE_NAME.length;
      const end = indexOf(text, '"', name);
      if (end >= to) return undefined;
      const matcher = matcherAt(text, source, name, end);
      if (matcher === undefined || matcher.test(text.slice(from, to))) return undefined;
      return text.slice(time, time + TIME_LENGTH);
    };
  };
}

function indexOf(text: string, part: string, from: number): number {
  const index = text.indexOf(part, from);
  return index < 0 ? Number.POSITIVE_INFINITY : index;
}

/** Creates an expression that finds any of the literals in one pass. Without literals, it matches nothing. */
function anyOf(literals: readonly string[]): RegExp {
  const escaped = literals.map((literal) => literal.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&"));
  return new RegExp(literals.length === 0 ? "(?!)" : escaped.join("|"));
}
