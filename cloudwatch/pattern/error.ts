import { AwsError } from "../aws-error.ts";

/** A pattern that CloudWatch Logs refuses. `message` is AWS's own; `detail` is for people. */
export class FilterPatternError extends AwsError {
  /** What was wrong, where, and what is allowed there. */
  readonly detail: string;

  constructor(message: string, detail: string) {
    super("InvalidParameterException", message);
    this.detail = detail;
  }
}

/** The characters make terms, but not in this order. */
export function invalidPattern(detail: string): FilterPatternError {
  return new FilterPatternError("Invalid metric filter pattern", detail);
}

/**
 * No term can continue so. AWS's scanner reports the text from the start of the term up to and with
 * the character that it cannot take, or up to the end where the pattern ends too soon.
 * @param start offset of the term's first character
 * @param failed offset of the character that does not fit
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
  );
}
