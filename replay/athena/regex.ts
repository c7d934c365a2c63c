import {
  BEYOND,
  type CharacterSet,
  type Item,
  parseRegex,
} from "../../cloudwatch/pattern/regex-syntax.ts";

/**
 * Translates a filter pattern's regular expression to syntax that RE2, Joni and Java interpret alike: sets
 * list their characters, and anchors match only at the beginning and end of the text.
 */
export function portableRegex(source: string): string {
  return parseRegex(source)
    .map((alternative) => alternative.map(renderItem).join(""))
    .join("|");
}

function renderItem(item: Item): string {
  if (item.type === "start") return "\\A";
  if (item.type === "end") return "\\z";
  return renderSet(item.set) + renderRepetition(item);
}

function renderRepetition({ min, max }: { readonly min: number; readonly max: number }): string {
  if (min === 1 && max === 1) return "";
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`;
  return min === 0 && max === 1 ? "?" : `{${min},${max}}`;
}

/** Writes a set that includes characters beyond the list as the negation of those it excludes. */
function renderSet(set: CharacterSet): string {
  const isNegated = set[BEYOND] === 1;
  const listed = Array.from({ length: BEYOND }, (_, code) => code).filter(
    (code) => (set[code] === 1) !== isNegated,
  );
  const [only, ...others] = listed;
  if (only === undefined) return isNegated ? "(?s:.)" : "[^\\x00-\\x{10FFFF}]";
  if (others.length === 0 && !isNegated) return renderCharacter(only);
  return `[${isNegated ? "^" : ""}${rangesOf(listed).map(renderRange).join("")}]`;
}

function rangesOf(codes: readonly number[]): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const code of codes) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === code - 1) last[1] = code;
    else ranges.push([code, code]);
  }
  return ranges;
}

function renderRange([from, to]: readonly [number, number]): string {
  if (from === to) return renderCharacter(from);
  return `${renderCharacter(from)}-${renderCharacter(to)}`;
}

function renderCharacter(code: number): string {
  const character = String.fromCharCode(code);
  return /^[A-Za-z0-9_:@=;,/ ]$/.test(character)
    ? character
    : `\\x{${code.toString(16).padStart(2, "0")}}`;
}
