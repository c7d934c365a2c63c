import type { Selector } from "./ast.ts";
import {
  type FilterPatternError,
  invalidPattern,
  invalidTerm,
  type PatternRange,
} from "./error.ts";
import { scanSelector } from "./selector.ts";

export type Token = {
  /** Source text. */
  readonly text: string;
  /** Offset of the first character. */
  readonly start: number;
} & (
  | { readonly type: "symbol" | "number" | "word" | "end" }
  | { readonly type: "quoted"; readonly value: string }
  | { readonly type: "regex"; readonly source: string }
  | { readonly type: "selector"; readonly selector: Selector }
);

export interface Lexer {
  /** Returns the next token, or the one `ahead` tokens after it. After the last token, always an `end`. */
  readonly peek: (ahead?: number) => Token;
  readonly next: () => Token;
  /** Consumes the next token if it is this symbol. */
  readonly accept: (symbol: string) => boolean;
  /** Consumes this symbol, or throws a `FilterPatternError` for the token found instead. */
  readonly expect: (symbol: string) => void;
}

export interface Syntax {
  /** Operators and punctuation. A symbol precedes its own prefixes, such as `<=` before `<`. */
  readonly symbols: readonly string[];
  /** Whether selectors such as `$.a` are tokens. */
  readonly selectors: boolean;
}

/** Scans tokens lazily, so that the first error in the pattern is the one reported. */
export function createLexer(pattern: string, syntax: Syntax): Lexer {
  const ahead: Token[] = [];
  let position = 0;

  function peek(index = 0): Token {
    let token = ahead[index];
    while (token === undefined) {
      const scanned = scanToken(pattern, position, syntax);
      position = scanned.start + scanned.text.length;
      ahead.push(scanned);
      token = ahead[index];
    }
    return token;
  }

  function next(): Token {
    const token = peek();
    ahead.shift();
    return token;
  }

  function accept(symbol: string): boolean {
    const token = peek();
    if (token.type !== "symbol" || token.text !== symbol) return false;
    next();
    return true;
  }

  function expect(symbol: string): void {
    if (!accept(symbol)) throw unexpected(peek(), `'${symbol}'`);
  }

  return { peek, next, accept, expect };
}

/** Returns the error for a token that is not allowed at its position. */
export function unexpected(token: Token, allowed: string): FilterPatternError {
  const received = token.type === "end" ? "the end of the pattern" : `'${token.text}'`;
  const detail = `Character ${token.start + 1} begins ${received}; expected ${allowed}.`;
  return invalidPattern(detail, rangeOf(token));
}

/** The part of the pattern that a token covers; of the end, one character after the pattern. */
export function rangeOf({ start, text }: Token): PatternRange {
  return { start, end: start + Math.max(1, text.length) };
}

const BLANK = /\s*/y;
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z0-9_.*-]+/y;

function scanToken(pattern: string, position: number, syntax: Syntax): Token {
  const start = position + read(BLANK, pattern, position).length;
  const character = pattern[start];
  if (character === undefined) return { type: "end", text: "", start };
  if (character === "$" && syntax.selectors) {
    const selector = scanSelector(pattern, start);
    return { type: "selector", text: selector.text, start, selector };
  }
  if (character === '"') return { type: "quoted", start, ...scanQuoted(pattern, start) };
  if (character === "%") {
    const text = scanRegex(pattern, start);
    return { type: "regex", text, start, source: text.slice(1, -1) };
  }
  const number = read(NUMBER, pattern, start);
  const word = read(WORD, pattern, start);
  if (number !== "" && number.length >= word.length) return { type: "number", text: number, start };
  if (word !== "") return { type: "word", text: word, start };
  const symbol = syntax.symbols.find((candidate) => pattern.startsWith(candidate, start));
  if (symbol !== undefined) return { type: "symbol", text: symbol, start };
  const startsSymbol =
    character === "+" || syntax.symbols.some((candidate) => candidate.startsWith(character));
  throw invalidTerm(
    pattern,
    start,
    startsSymbol ? start + 1 : start,
    `a quoted string, a %regex%, a number, letters, digits and _ . * -, or ${syntax.symbols.join(" ")}`,
  );
}

function read(expression: RegExp, pattern: string, position: number): string {
  expression.lastIndex = position;
  return expression.exec(pattern)?.[0] ?? "";
}

/** Reads a quoted string, in which `\"` and `\\` are escapes for a quote and a backslash. */
export function scanQuoted(
  pattern: string,
  start: number,
): { readonly text: string; readonly value: string } {
  let value = "";
  for (let position = start + 1; position < pattern.length; position++) {
    let character = pattern[position];
    if (character === '"') return { text: pattern.slice(start, position + 1), value };
    const following = pattern[position + 1];
    if (character === "\\" && (following === '"' || following === "\\")) {
      character = following;
      position++;
    }
    value += character;
  }
  throw invalidTerm(pattern, start, pattern.length, "a closing quote");
}

const REGEX_CHARACTER = /[0-9A-Za-z:_#=@/;, ^$?[\]{}|\\*+.-]/;

/** Reads `%…%`, including the percent signs. */
export function scanRegex(pattern: string, start: number): string {
  let position = start + 1;
  while (REGEX_CHARACTER.test(pattern[position] ?? "")) position++;
  if (pattern[position] !== "%" || position === start + 1) {
    throw invalidTerm(
      pattern,
      start,
      position,
      "in a regular expression, ASCII letters, digits, spaces and : _ # = @ / ; , - ^ $ ? [ ] { } | \\ * + . (write other characters as \\xhh)",
    );
  }
  return pattern.slice(start, position + 1);
}
