/** A set of pairs of 32-bit integers in flat memory. */
export interface DistinctPairs {
  /** @returns whether the pair is new; always false once the set is full */
  readonly add: (first: number, second: number) => boolean;
  /** Whether more pairs were added than the set can hold, so that results of `add` are not valid. */
  readonly isFull: () => boolean;
}

const INITIAL_SLOTS = 1 << 16;

/** @param capacity number of distinct pairs to keep; each takes up to 32 bytes */
export function createDistinctPairs(capacity: number): DistinctPairs {
  // A hash table with open addressing. A slot of two zeros is free.
  let slots = INITIAL_SLOTS;
  let firsts = new Uint32Array(slots);
  let seconds = new Uint32Array(slots);
  let size = 0;
  let full = false;

  /** Finds the slot that holds the pair, or the free one to insert it into. */
  function find(first: number, second: number): number {
    let slot = (first ^ Math.imul(second, 0x9e3779b1)) & (slots - 1);
    while (
      (firsts[slot] !== first || seconds[slot] !== second) &&
      (firsts[slot] !== 0 || seconds[slot] !== 0)
    ) {
      slot = (slot + 1) & (slots - 1);
    }
    return slot;
  }

  function insert(first: number, second: number): boolean {
    const slot = find(first, second);
    if (firsts[slot] === first && seconds[slot] === second) return false;
    firsts[slot] = first;
    seconds[slot] = second;
    return true;
  }

  function grow(): void {
    const [oldFirsts, oldSeconds] = [firsts, seconds];
    slots *= 2;
    firsts = new Uint32Array(slots);
    seconds = new Uint32Array(slots);
    for (let slot = 0; slot < oldFirsts.length; slot++) {
      const first = oldFirsts[slot] ?? 0;
      const second = oldSeconds[slot] ?? 0;
      if (first !== 0 || second !== 0) insert(first, second);
    }
  }

  return {
    add: (first, second) => {
      if (full) return false;
      // Two zeros mark a free slot, so a second value of 0 is stored as 1.
      const isNew = insert(first >>> 0, second === 0 ? 1 : second >>> 0);
      if (isNew && ++size > capacity) {
        full = true;
        firsts = new Uint32Array(0);
        seconds = new Uint32Array(0);
      } else if (size * 2 > slots) {
        grow();
      }
      return isNew;
    },
    isFull: () => full,
  };
}
