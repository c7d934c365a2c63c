/** Counts by minute, in flat memory. */
export interface CountsByMinute {
  /** Minutes since the epoch, ascending. */
  readonly minutes: Float64Array;
  /** The count of each minute. */
  readonly counts: Float64Array;
}

/** Adds up counts by minute. */
export interface MinuteCounter {
  readonly add: (minute: number, count: number) => void;
  /** The minutes with counts. */
  readonly sorted: () => CountsByMinute;
}

const PAGE_MINUTES = 60;

/** Counts in pages of an hour, which take less time and memory than a map of minutes. */
export function createMinuteCounter(): MinuteCounter {
  const pages = new Map<number, Uint32Array>();
  let current = Number.NaN;
  let counts: Uint32Array = new Uint32Array();

  function pageOf(index: number): Uint32Array {
    const page = pages.get(index) ?? new Uint32Array(PAGE_MINUTES);
    pages.set(index, page);
    return page;
  }

  return {
    add: (minute, count) => {
      const index = Math.floor(minute / PAGE_MINUTES);
      if (index !== current) {
        counts = pageOf(index);
        current = index;
      }
      const at = minute - index * PAGE_MINUTES;
      counts[at] = (counts[at] ?? 0) + count;
    },
    sorted: () => {
      const size = pages.size * PAGE_MINUTES;
      const found = { minutes: new Float64Array(size), counts: new Float64Array(size) };
      let length = 0;
      for (const index of [...pages.keys()].sort((a, b) => a - b)) {
        const page = pages.get(index);
        for (let at = 0; at < PAGE_MINUTES; at++) {
          const count = page?.[at] ?? 0;
          if (count === 0) continue;
          found.minutes[length] = index * PAGE_MINUTES + at;
          found.counts[length++] = count;
        }
      }
      return { minutes: found.minutes.slice(0, length), counts: found.counts.slice(0, length) };
    },
  };
}
