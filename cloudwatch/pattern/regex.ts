import { FilterPatternError } from "./error.ts";
import { BEYOND, type CharacterSet, type Item, parseRegex } from "./regex-syntax.ts";

/**
 * Compiles a regular expression of a filter pattern into a matcher that takes linear time in the text. The
 * syntax has neither groups nor back references, so the matcher can simulate an NFA, and expressions such as
 * `.*a.*b.*c` cannot cause catastrophic backtracking.
 */
export function compileRegex(source: string): (text: string) => boolean {
  return createMatcher(assemble(parseRegex(source)));
}

const MAX_STATES = 10_000;

// State types. Each state leads to the next one; the MAYBE types may be skipped.
const ACCEPT = 0;
const ONE = 1;
const MAYBE_ONE = 2;
const MAYBE_MANY = 3;
const AT_START = 4;
const AT_END = 5;

interface Program {
  readonly types: readonly number[];
  /** The characters that each state accepts; empty for states that consume none. */
  readonly sets: readonly CharacterSet[];
  /** Index of the first state of each alternative. */
  readonly starts: readonly number[];
}

function assemble(alternatives: readonly (readonly Item[])[]): Program {
  const types: number[] = [];
  const sets: CharacterSet[] = [];
  const starts: number[] = [];
  const emptySet = new Uint8Array(BEYOND + 1);
  const emit = (type: number, set: CharacterSet): void => {
    if (types.length >= MAX_STATES) {
      throw new FilterPatternError(
        "Failed to compile regular expression.",
        `The repetitions add up to more than ${MAX_STATES} states; shorten them.`,
      );
    }
    types.push(type);
    sets.push(set);
  };
  for (const alternative of alternatives) {
    starts.push(types.length);
    for (const item of alternative) {
      if (item.type !== "characters") {
        emit(item.type === "start" ? AT_START : AT_END, emptySet);
        continue;
      }
      for (let count = 0; count < item.min; count++) emit(ONE, item.set);
      if (item.max === Number.POSITIVE_INFINITY) emit(MAYBE_MANY, item.set);
      else for (let count = item.min; count < item.max; count++) emit(MAYBE_ONE, item.set);
    }
    emit(ACCEPT, emptySet);
  }
  return { types, sets, starts };
}

/** Returns the characters that can begin a match after the start of the text; `undefined` if a match can be empty. */
function firstCharacters(
  { types, sets }: Program,
  starts: readonly number[],
): CharacterSet | undefined {
  const first = new Uint8Array(BEYOND + 1);
  for (const start of starts) {
    for (let state = start; ; state++) {
      const type = types[state];
      if (type === ACCEPT || type === AT_END) return undefined;
      if (type === AT_START) break;
      for (const [code, isMember] of (sets[state] ?? []).entries()) {
        if (isMember === 1) first[code] = 1;
      }
      if (type === ONE) break;
    }
  }
  return first;
}

function createMatcher(program: Program): (text: string) => boolean {
  const { types, sets, starts } = program;
  const laterStarts = starts.filter((state) => types[state] !== AT_START);
  const first = firstCharacters(program, laterStarts);
  const size = types.length;
  // Buffers reused between calls. A state has been entered in this step if its mark equals `step`.
  let active = new Int32Array(size);
  let following = new Int32Array(size);
  let followingCount = 0;
  const marks = new Int32Array(size);
  let step = 0;

  /** Enters a state and all states reachable without a character. Returns true if a match is complete. */
  function enter(from: number, position: number, end: number): boolean {
    for (let state = from; marks[state] !== step; state++) {
      marks[state] = step;
      const type = types[state];
      if (type === ACCEPT) return true;
      if (type === AT_START) {
        if (position !== 0) return false;
      } else if (type === AT_END) {
        if (position !== end) return false;
      } else {
        following[followingCount++] = state;
        if (type === ONE) return false;
      }
    }
    return false;
  }

  return (text) => {
    const end = text.length;
    if (step > 0x7fffffff - end - 2) {
      marks.fill(0);
      step = 0;
    }
    followingCount = 0;
    step++;
    for (let position = 0; ; ) {
      const code = position < end ? text.charCodeAt(position) : 0;
      const index = code < BEYOND ? code : BEYOND;
      if (position === 0 || first === undefined || first[index] === 1) {
        for (const state of position === 0 ? starts : laterStarts) {
          if (enter(state, position, end)) return true;
        }
      }
      if (position === end || (followingCount === 0 && laterStarts.length === 0)) return false;
      if (followingCount === 0) {
        // No partial match: skip to the next position where one can begin.
        position++;
        step++;
        continue;
      }
      position += index === BEYOND && (text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1;
      step++;
      const swapped = active;
      active = following;
      following = swapped;
      const activeCount = followingCount;
      followingCount = 0;
      for (let at = 0; at < activeCount; at++) {
        const state = active[at] ?? 0;
        if (sets[state]?.[index] !== 1) continue;
        if (enter(types[state] === MAYBE_MANY ? state : state + 1, position, end)) return true;
      }
    }
  };
}
