/** Tells what was seen before from what is new, by two 32-bit numbers, in flat memory. */
export interface Distinct {
  /** False: it was there already, or there is no room for more. */
  readonly add: (one: number, other: number) => boolean;
  /** More came than there is room for: its answers are worth nothing any longer. */
  readonly isFull: () => boolean;
}

const FIRST_SLOTS = 1 << 16;

/** @param most how many it keeps apart; each takes up to 32 bytes */
export function createDistinct(most: number): Distinct {
  let slots = FIRST_SLOTS;
  let ones = new Uint32Array(slots);
  let others = new Uint32Array(slots);
  let size = 0;
  let full = false;

  /** The slot that holds the pair, or the free one where it belongs. Zeros mark a free one. */
  function find(one: number, other: number): number {
    let slot = (one ^ Math.imul(other, 0x9e3779b1)) & (slots - 1);
    while (
      (ones[slot] !== one || others[slot] !== other) &&
      (ones[slot] !== 0 || others[slot] !== 0)
    ) {
      slot = (slot + 1) & (slots - 1);
    }
    return slot;
  }

  function insert(one: number, other: number): boolean {
    const slot = find(one, other);
    if (ones[slot] === one && others[slot] === other) return false;
    ones[slot] = one;
    others[slot] = other;
    return true;
  }

  function grow(): void {
    const [oldOnes, oldOthers] = [ones, others];
    slots *= 2;
    ones = new Uint32Array(slots);
    others = new Uint32Array(slots);
    for (const [slot, one] of oldOnes.entries()) {
      const other = oldOthers[slot] ?? 0;
      if (one !== 0 || other !== 0) insert(one, other);
    }
  }

  return {
    add: (one, other) => {
      if (full) return false;
      // The pair of zeros marks what is free, so that it shares the place of its neighbour.
      const isNew = insert(one >>> 0, other === 0 ? 1 : other >>> 0);
      if (isNew && ++size > most) {
        full = true;
        ones = new Uint32Array(0);
        others = new Uint32Array(0);
      } else if (size * 2 > slots) {
        grow();
      }
      return isNew;
    },
    isFull: () => full,
  };
}
