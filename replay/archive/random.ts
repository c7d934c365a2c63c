/** Reproducible pseudorandom values: the same seed gives the same sequence. Not for secrets. */
export interface Random {
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly next: () => number;
  /** An integer from 0 (inclusive) to `limit` (exclusive). */
  readonly below: (limit: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
  readonly hex: (length: number) => string;
  /** Letters and digits. */
  readonly text: (length: number) => string;
  readonly uuid: () => string;
  readonly accessKeyId: () => string;
}

const HEX = "0123456789abcdef";
const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** @see Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003 */
export function seededRandom(seed: number): Random {
  // Four nonzero words that differ widely for similar seeds.
  const state = Uint32Array.from([1, 2, 3, 4], (word) => Math.imul(seed + word, 0x9e3779b1) | 1);
  const next = () => {
    const [first = 1, second = 1, third = 1, last = 1] = state;
    const mixed = first ^ (first << 11);
    state.set([second, third, last, last ^ (last >>> 19) ^ mixed ^ (mixed >>> 8)]);
    return (state[3] ?? 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const textFrom = (alphabet: string, length: number) => {
    let text = "";
    while (text.length < length) text += alphabet[below(alphabet.length)];
    return text;
  };
  const hex = (length: number) => textFrom(HEX, length);
  const text = (length: number) => textFrom(ALPHANUMERIC, length);
  return {
    next,
    below,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("Cannot pick from an empty list.");
      return item;
    },
    hex,
    text,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    accessKeyId: () => `ASIA${text(16).toUpperCase()}`,
  };
}
