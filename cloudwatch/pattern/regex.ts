import { FilterPatternError } from "./error.ts";
import { BEYOND, type CharacterSet, type Item, parseRegex } from "./regex-syntax.ts";

/**
 * The regular expressions of filter patterns, matched in time linear in the text: the language has
 * neither groups nor back references, so that a set of states that moves along the text is enough and
 * no expression can run away, as `.*a.*b.*c` does with a backtracking matcher.
 */
export function compileRegex(source: string): (text: string) => boolean {
  return matcher(assemble(parseRegex(source)));
}

const MOST_STATES = 10_000;

// What a state does. A state leads to the one after it; a "maybe" may be passed over.
const ACCEPT = 0;
const ONE = 1;
const MAYBE_ONE = 2;
const MAYBE_MANY = 3;
const AT_START = 4;
const AT_END = 5;

interface Program {
  readonly actions: readonly number[];
  /** The characters that a state takes; for the states that take none, nothing. */
  readonly sets: readonly CharacterSet[];
  /** The first state of each alternative. */
  readonly starts: readonly number[];
}

function assemble(alternatives: readonly (readonly Item[])[]): Program {
  const actions: number[] = [];
  const sets: CharacterSet[] = [];
  const starts: number[] = [];
  const none = new Uint8Array(BEYOND + 1);
  const emit = (action: number, set: CharacterSet): void => {
    if (actions.length >= MOST_STATES) {
      throw new FilterPatternError(
        "Failed to compile regular expression.",
        `Its repetitions add up to more than ${MOST_STATES} states; make them shorter.`,
      );
    }
    actions.push(action);
    sets.push(set);
  };
  for (const alternative of alternatives) {
    starts.push(actions.length);
    for (const item of alternative) {
      if (item.type !== "characters") {
        emit(item.type === "start" ? AT_START : AT_END, none);
        continue;
      }
      for (let count = 0; count < item.min; count++) emit(ONE, item.set);
      if (item.max === Number.POSITIVE_INFINITY) emit(MAYBE_MANY, item.set);
      else for (let count = item.min; count < item.max; count++) emit(MAYBE_ONE, item.set);
    }
    emit(ACCEPT, none);
  }
  return { actions, sets, starts };
}

/** What a match that begins past the start of the text begins with; `undefined`: it may be empty. */
function firstCharacters(
  { actions, sets }: Program,
  starts: readonly number[],
): CharacterSet | undefined {
  const first = new Uint8Array(BEYOND + 1);
  for (const start of starts) {
    for (let state = start; ; state++) {
      const action = actions[state];
      if (action === ACCEPT || action === AT_END) return undefined;
      if (action === AT_START) break;
      for (const [code, holds] of (sets[state] ?? []).entries()) if (holds === 1) first[code] = 1;
      if (action === ONE) break;
    }
  }
  return first;
}

function matcher(program: Program): (text: string) => boolean {
  const { actions, sets, starts } = program;
  const laterStarts = starts.filter((state) => actions[state] !== AT_START);
  const first = firstCharacters(program, laterStarts);
  const size = actions.length;
  // Scratch of one match, kept from call to call; a state is active if its mark is this step's.
  let active = new Int32Array(size);
  let following = new Int32Array(size);
  let followingCount = 0;
  const marks = new Int32Array(size);
  let step = 0;

  /** Makes a state follow, with all it leads to without a character; true: a match is complete. */
  function enter(from: number, position: number, end: number): boolean {
    for (let state = from; marks[state] !== step; state++) {
      marks[state] = step;
      const action = actions[state];
      if (action === ACCEPT) return true;
      if (action === AT_START) {
        if (position !== 0) return false;
      } else if (action === AT_END) {
        if (position !== end) return false;
      } else {
        following[followingCount++] = state;
        if (action === ONE) return false;
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
        // Nothing is under way: on to where a match can begin.
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
        if (enter(actions[state] === MAYBE_MANY ? state : state + 1, position, end)) return true;
      }
    }
  };
}
