import { AwsError } from "../aws-error.ts";

/** CloudWatch Logs rejects the pattern. `message` is the text that AWS returns. */
export class FilterPatternError extends AwsError {
  /** Explanation for the user: what is wrong, where, and what is allowed there. */
  readonly detail: string;

  constructor(message: string, detail: string) {
    super("InvalidParameterException", message);
    this.detail = detail;
  }
}

/** Returns the error for valid terms in an invalid order. */
export function invalidPattern(detail: string): FilterPatternError {
  return new FilterPatternError("Invalid metric filter pattern", detail);
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
  );
}
