import { AwsError } from "../aws-error.ts";

/**
 * Part of a pattern: the offsets of its first character and after its last, in the pattern without surrounding
 * white space. Begins after the last character if the pattern ends too early.
 */
export interface PatternRange {
  readonly start: number;
  readonly end: number;
}

/** CloudWatch Logs rejects the pattern. `message` is the text that AWS returns. */
export class FilterPatternError extends AwsError {
  /** Explanation for the user: what is wrong, where, and what is allowed there. */
  readonly detail: string;
  /** The part that is invalid; undefined if it is the pattern as a whole. */
  readonly range: PatternRange | undefined;

  constructor(message: string, detail: string, range?: PatternRange) {
    super("InvalidParameterException", message);
    this.detail = detail;
    this.range = range;
  }
}

/** Returns the error for valid terms in an invalid order. */
export function invalidPattern(detail: string, range?: PatternRange): FilterPatternError {
  return new FilterPatternError("Invalid metric filter pattern", detail, range);
}

/** Calls `parse`, and points its error to the part of the pattern that it parses. */
export function parsePart<Part>({ start, end }: PatternRange, parse: () => Part): Part {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FilterPatternError)) throw error;
    throw new FilterPatternError(error.message, error.detail, { start, end });
  }
}

/**
 * Returns the error for a character that cannot continue a term. AWS reports the text from the start of the
 * term through the invalid character, or to the end if the pattern ends too early.
 * @param start offset of the first character of the term
 * @param failed offset of the invalid character
 */
export function invalidTerm(
  pattern: string,
  start: number,
  failed: number,
  allowed: string,
): FilterPatternError {
  const character = pattern.codePointAt(failed);
  const received =
    character === undefined ? "the end of the pattern" : `'${String.fromCodePoint(character)}'`;
  const end = failed + (character !== undefined && character > 0xffff ? 2 : 1);
  return new FilterPatternError(
    `Invalid character(s) in term '${pattern.slice(start, end)}'`,
    `Character ${failed + 1} of the pattern is ${received}; allowed there: ${allowed}.`,
    { start: failed, end },
  );
}
