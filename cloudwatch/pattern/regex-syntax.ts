import { FilterPatternError } from "./error.ts";

/** Membership by code point: entries 0 to 255 for single code points, entry 256 for all higher ones. */
export type CharacterSet = Uint8Array;
export const BEYOND = 256;

interface Repetition {
  readonly min: number;
  readonly max: number;
}

export type Item =
  | (Repetition & { readonly type: "characters"; readonly set: CharacterSet })
  | { readonly type: "start" }
  | { readonly type: "end" };

const MAX_REPETITION = 1000;

function characters(test: (code: number) => boolean, beyond: boolean): CharacterSet {
  return Uint8Array.from({ length: BEYOND + 1 }, (_, code) =>
    Number(code === BEYOND ? beyond : test(code)),
  );
}

function single(code: number): CharacterSet {
  const set = new Uint8Array(BEYOND + 1);
  set[code] = 1;
  return set;
}

function complement(set: CharacterSet): CharacterSet {
  return set.map((isMember) => 1 - isMember);
}

const LINE_FEED = 10;
const ANY = characters((code) => code !== LINE_FEED, true);
const DIGIT = characters((code) => code >= 48 && code <= 57, false);
const SPACE = characters((code) => code === 32 || (code >= 9 && code <= 13), false);
const WORD = characters((code) => /\w/.test(String.fromCharCode(code)), false);

const CLASSES: ReadonlyMap<string, CharacterSet> = new Map([
  ["d", DIGIT],
  ["D", complement(DIGIT)],
  ["s", SPACE],
  ["S", complement(SPACE)],
  ["w", WORD],
  ["W", complement(WORD)],
]);

/** The expression and the position of the next character to read. */
interface Cursor {
  readonly source: string;
  position: number;
}

/**
 * Parses a regular expression into its alternatives, each a sequence of items. Rejects syntax that regular
 * expression engines interpret differently (`a{`, `[]a]`, `[[a]`, `\b`), so that an expression accepted here
 * has the same meaning in AWS.
 * @param source the text between the percent signs, which contains only allowed characters
 * @throws FilterPatternError
 */
export function parseRegex(source: string): readonly (readonly Item[])[] {
  const cursor: Cursor = { source, position: 0 };
  const alternatives: Item[][] = [[]];
  while (cursor.position < source.length) {
    if (source[cursor.position] === "|") {
      cursor.position++;
      alternatives.push([]);
    } else {
      alternatives.at(-1)?.push(readItem(cursor));
    }
  }
  return alternatives;
}

function readItem(cursor: Cursor): Item {
  const character = cursor.source[cursor.position] ?? "";
  if ("*+?{".includes(character)) throw invalidRegex(cursor, `${character} has nothing to repeat`);
  if (character === "^" || character === "$") {
    cursor.position++;
    return { type: character === "^" ? "start" : "end" };
  }
  const set = character === "[" ? readBracketClass(cursor) : readCharacterSet(cursor);
  return { type: "characters", set, ...readRepetition(cursor) };
}

/** Reads a character, a dot or an escape outside brackets. */
function readCharacterSet(cursor: Cursor): CharacterSet {
  const character = cursor.source[cursor.position] ?? "";
  if (character === "\\") {
    const escaped = readEscape(cursor);
    return typeof escaped === "number" ? single(escaped) : escaped;
  }
  cursor.position++;
  return character === "." ? ANY : single(character.charCodeAt(0));
}

/** Reads an escape: a class such as `\d`, or the code of a single character. */
function readEscape(cursor: Cursor): CharacterSet | number {
  const { source, position } = cursor;
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(source.slice(position, position + 4));
  if (hex !== null) {
    cursor.position += 4;
    return Number.parseInt(hex[1] ?? "", 16);
  }
  const escaped = source[position + 1];
  if (escaped === undefined) {
    throw invalidRegex(cursor, "it ends with a single backslash; write \\\\ for a literal one");
  }
  cursor.position += 2;
  const set = CLASSES.get(escaped);
  if (set !== undefined) return set;
  if (/[0-9A-Za-z]/.test(escaped)) {
    throw invalidRegex(
      cursor,
      `\\${escaped} is not a valid escape; use \\d \\D \\s \\S \\w \\W or \\xhh`,
    );
  }
  return escaped.charCodeAt(0);
}

/** Reads `[…]`. */
function readBracketClass(cursor: Cursor): CharacterSet {
  const { source } = cursor;
  cursor.position++;
  const set = new Uint8Array(BEYOND + 1);
  const isNegated = source[cursor.position] === "^";
  if (isNegated) cursor.position++;
  if (source[cursor.position] === "]") {
    throw invalidRegex(cursor, "a character class is empty; write \\] for a literal ]");
  }
  while (source[cursor.position] !== "]") {
    const from = readClassMember(cursor);
    const isRange = source[cursor.position] === "-" && source[cursor.position + 1] !== "]";
    if (typeof from !== "number") {
      for (const [code, isMember] of from.entries()) if (isMember === 1) set[code] = 1;
    } else if (!isRange) {
      set[from] = 1;
    } else {
      cursor.position++;
      const to = readClassMember(cursor);
      if (typeof to !== "number" || to < from) {
        throw invalidRegex(cursor, "a character range must end with a higher character");
      }
      set.fill(1, from, to + 1);
    }
  }
  cursor.position++;
  return isNegated ? complement(set) : set;
}

function readClassMember(cursor: Cursor): CharacterSet | number {
  const character = cursor.source[cursor.position];
  if (character === undefined) throw invalidRegex(cursor, "a character class has no closing ]");
  if (character === "[") {
    throw invalidRegex(cursor, "a character class contains [; write \\[ for a literal one");
  }
  if (character === "\\") return readEscape(cursor);
  cursor.position++;
  return character.charCodeAt(0);
}

/** Reads `*`, `+`, `?`, `{n}`, `{n,}` or `{n,m}`, each with an optional `?`. Defaults to once. */
function readRepetition(cursor: Cursor): Repetition {
  const { source, position } = cursor;
  const match = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(source.slice(position));
  if (match === null) {
    if (source[position] !== "{") return { min: 1, max: 1 };
    throw invalidRegex(
      cursor,
      "{ does not start a repetition such as {2,5}; write \\{ for a brace",
    );
  }
  const [text, symbol, least, comma, most] = match;
  cursor.position += text.length;
  if (symbol !== undefined) {
    return { min: symbol === "+" ? 1 : 0, max: symbol === "?" ? 1 : Number.POSITIVE_INFINITY };
  }
  const min = Number(least);
  const isUnbounded = comma !== undefined && most === "";
  const max = isUnbounded ? Number.POSITIVE_INFINITY : Number(comma === undefined ? least : most);
  if (max < min || (isUnbounded ? min : max) > MAX_REPETITION) {
    throw invalidRegex(
      cursor,
      `the bounds of ${text} must be ascending and between 0 and ${MAX_REPETITION}`,
    );
  }
  return { min, max };
}

function invalidRegex({ source }: Cursor, detail: string): FilterPatternError {
  return new FilterPatternError("Failed to compile regular expression.", `%${source}%: ${detail}.`);
}
