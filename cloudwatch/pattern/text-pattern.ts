import type { RegexPattern, TextPattern } from "./ast.ts";
import { invalidPattern, invalidTerm } from "./error.ts";
import { scanQuoted, scanRegex } from "./lexer.ts";
import { compileRegex } from "./regex.ts";

const BLANK = /\s/;
const UNQUOTED = /[\p{L}\p{N}_.]+/uy;
const ALLOWED = "letters, digits, _ and . (quote terms with other characters)";

/** Parses terms: unquoted or quoted, with an optional prefix `-` or `?`. */
export function parseTextPattern(source: string): TextPattern {
  const required: string[] = [];
  const excluded: string[] = [];
  const optional: string[] = [];
  let position = 0;

  function readQuoted(): string {
    const { text, value } = scanQuoted(source, position);
    if (value === "") throw invalidTerm(source, position, position + 1, "text between the quotes");
    position += text.length;
    return value;
  }

  function readUnquoted(): string {
    UNQUOTED.lastIndex = position;
    const text = UNQUOTED.exec(source)?.[0];
    if (text === undefined) throw invalidTerm(source, position, position, ALLOWED);
    position += text.length;
    return text;
  }

  while (position < source.length) {
    let character = source[position] ?? "";
    if (BLANK.test(character)) {
      position++;
      continue;
    }
    let terms = required;
    if (character === "-" || character === "?") {
      terms = character === "-" ? excluded : optional;
      position++;
      const following = source[position];
      if (following === undefined || BLANK.test(following) || isPrefix(following)) {
        throw invalidPattern(`Character ${position} is '${character}'; expected a term after it.`, {
          start: position - 1,
          end: position,
        });
      }
      character = following;
    }
    terms.push(character === '"' ? readQuoted() : readUnquoted());
    const after = source[position];
    const isQuoteNext = character === '"' || after === '"';
    if (isQuoteNext && after !== undefined && !BLANK.test(after) && !isPrefix(after)) {
      throw invalidPattern(
        `Character ${position + 1} follows a term; separate them with a space.`,
        { start: position, end: position + 1 },
      );
    }
  }
  return { kind: "text", source, required, excluded, optional };
}

/** Returns whether a character starts a new term even without a space before it: `a-b` means `a -b`. */
function isPrefix(character: string): boolean {
  return character === "-" || character === "?";
}

/** Parses a pattern that consists of one `%regex%`. */
export function parseRegexPattern(source: string): RegexPattern {
  const text = scanRegex(source, 0);
  if (text.length < source.length) {
    if (source[text.length] !== "%") {
      throw invalidTerm(source, text.length, text.length, "nothing after a regular expression");
    }
    scanRegex(source, text.length);
    throw invalidPattern("A text pattern can contain one regular expression and nothing else.", {
      start: text.length,
      end: source.length,
    });
  }
  const regex = text.slice(1, -1);
  compileRegex(regex); // validates it
  return { kind: "regex", source, regex: { type: "regex", source: regex } };
}
