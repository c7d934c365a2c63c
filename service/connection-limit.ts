/** How many connections may be open now. */
export interface ConnectionLimit {
  readonly current: () => number;
  /**
   * Lowers the limit after the server has refused a connection because it has none left.
   * @param open number of connections that are still open
   */
  readonly lower: (open: number) => void;
}

/** Milliseconds after which one more connection is tried. */
const RAISE_AFTER = 10_000;

/**
 * Adapts to a server that grants fewer connections than the pool wants, for example while tasks of the
 * previous deployment still hold theirs. On a refused connection the limit falls to what works, so that
 * requests share the open connections; it rises again by one connection at a time.
 * @param now milliseconds on a monotonic clock
 */
export function createConnectionLimit(poolSize: number, now: () => number): ConnectionLimit {
  let limit = poolSize;
  let changedAt = 0;
  return {
    current() {
      if (limit < poolSize && now() - changedAt >= RAISE_AFTER) {
        limit += 1;
        changedAt = now();
      }
      return limit;
    },
    lower(open) {
      limit = Math.max(1, Math.min(limit, open));
      changedAt = now();
    },
  };
}
