import { FilterPatternError } from "./error.ts";

/** 1 where it holds a character: the code points 0–255 one by one, and at 256 all above alike. */
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

const LONGEST_REPETITION = 1000;

function failure(source: string, detail: string): FilterPatternError {
  return new FilterPatternError("Failed to compile regular expression.", `%${source}%: ${detail}.`);
}

function characters(test: (code: number) => boolean, beyond: boolean): CharacterSet {
  return Uint8Array.from({ length: BEYOND + 1 }, (_, code) =>
    Number(code === BEYOND ? beyond : test(code)),
  );
}

function complement(set: CharacterSet): CharacterSet {
  return set.map((member) => 1 - member);
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

/**
 * Reads a regular expression into its alternatives, each a sequence. What the engines of the field
 * read in different ways (`a{`, `[]a]`, `[[a]`, `\b`) is refused, so that an expression that works here
 * means the same there.
 * @param source what stands between the percent signs, of allowed characters only
 * @throws FilterPatternError
 */
export function parseRegex(source: string): readonly (readonly Item[])[] {
  const alternatives: Item[][] = [[]];
  let position = 0;

  function readEscape(): CharacterSet | number {
    const hex = /^\\x([0-9a-fA-F]{2})/.exec(source.slice(position, position + 4));
    if (hex !== null) {
      position += 4;
      return Number.parseInt(hex[1] ?? "", 16);
    }
    const escaped = source[position + 1];
    if (escaped === undefined) throw failure(source, "a backslash ends it; write \\\\ for one");
    position += 2;
    const set = CLASSES.get(escaped);
    if (set !== undefined) return set;
    if (/[0-9A-Za-z]/.test(escaped)) {
      throw failure(source, `\\${escaped} is no escape; allowed are \\d \\D \\s \\S \\w \\W \\xhh`);
    }
    return escaped.charCodeAt(0);
  }

  function bracket(): CharacterSet {
    position++;
    const set = new Uint8Array(BEYOND + 1);
    const negated = source[position] === "^";
    if (negated) position++;
    if (source[position] === "]") throw failure(source, "a class is empty; write \\] for ]");
    while (source[position] !== "]") {
      const from = member();
      const isRange = source[position] === "-" && source[position + 1] !== "]";
      if (typeof from !== "number") {
        for (const [code, holds] of from.entries()) if (holds === 1) set[code] = 1;
      } else if (!isRange) {
        set[from] = 1;
      } else {
        position++;
        const to = member();
        if (typeof to !== "number" || to < from) throw failure(source, "a range runs backwards");
        set.fill(1, from, to + 1);
      }
    }
    position++;
    return negated ? complement(set) : set;
  }

  function member(): CharacterSet | number {
    const character = source[position];
    if (character === undefined) throw failure(source, "a class has no closing bracket");
    if (character === "[") throw failure(source, "a class holds a bracket; write \\[ for it");
    if (character === "\\") return readEscape();
    position++;
    return character.charCodeAt(0);
  }

  function repetition(): Repetition {
    const written = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(source.slice(position));
    if (written === null) {
      if (source[position] !== "{") return { min: 1, max: 1 };
      throw failure(source, "a brace opens no repetition such as {2,5}; write \\{ for one");
    }
    position += written[0].length;
    const [, symbol, least, comma, most] = written;
    if (symbol !== undefined) {
      return { min: symbol === "+" ? 1 : 0, max: symbol === "?" ? 1 : Number.POSITIVE_INFINITY };
    }
    const min = Number(least);
    const isOpen = comma !== undefined && most === "";
    const max = isOpen ? Number.POSITIVE_INFINITY : Number(comma === undefined ? least : most);
    if (max < min || (isOpen ? min : max) > LONGEST_REPETITION) {
      throw failure(source, `${written[0]} does not rise within 0 to ${LONGEST_REPETITION}`);
    }
    return { min, max };
  }

  function item(): Item {
    const character = source[position] ?? "";
    if ("*+?{".includes(character)) throw failure(source, `${character} has nothing to repeat`);
    if (character === "^" || character === "$") {
      position++;
      return { type: character === "^" ? "start" : "end" };
    }
    const set = character === "[" ? bracket() : outsideBrackets(character);
    return { type: "characters", set, ...repetition() };
  }

  function outsideBrackets(character: string): CharacterSet {
    if (character === "\\") {
      const escaped = readEscape();
      return typeof escaped === "number" ? single(escaped) : escaped;
    }
    position++;
    return character === "." ? ANY : single(character.charCodeAt(0));
  }

  while (position < source.length) {
    if (source[position] === "|") {
      position++;
      alternatives.push([]);
    } else {
      alternatives.at(-1)?.push(item());
    }
  }
  return alternatives;
}

function single(code: number): CharacterSet {
  const set = new Uint8Array(BEYOND + 1);
  set[code] = 1;
  return set;
}
