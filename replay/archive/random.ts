/** Chance that repeats: the same seed gives the same sequence. Not for secrets. */
export interface Random {
  /** From 0 up to, not including, 1. */
  readonly next: () => number;
  /** A whole number from 0 up to, not including, `limit`. */
  readonly below: (limit: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
  readonly hex: (length: number) => string;
  /** Letters and digits. */
  readonly text: (length: number) => string;
  readonly uuid: () => string;
}

const HEX = "0123456789abcdef";
const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** @see Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003 */
export function seededRandom(seed: number): Random {
  // Four words, none of them 0, that differ for seeds that are close to each other.
  const state = Uint32Array.from([1, 2, 3, 4], (word) => Math.imul(seed + word, 0x9e3779b1) | 1);
  const next = () => {
    const [first = 1, second = 1, third = 1, last = 1] = state;
    const mixed = first ^ (first << 11);
    state.set([second, third, last, last ^ (last >>> 19) ^ mixed ^ (mixed >>> 8)]);
    return (state[3] ?? 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const from = (alphabet: string, length: number) => {
    let text = "";
    while (text.length < length) text += alphabet[below(alphabet.length)];
    return text;
  };
  const hex = (length: number) => from(HEX, length);
  return {
    next,
    below,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined)
        throw new RangeError("There is nothing to pick from: the list is empty.");
      return item;
    },
    hex,
    text: (length) => from(ALPHANUMERIC, length),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
  };
}
