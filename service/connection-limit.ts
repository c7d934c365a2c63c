import { setTimeout as delay } from "node:timers/promises";

export interface ConnectionLimit {
  /**
   * Runs work that needs a connection, waiting for a free one.
   * @throws what the work throws; `isExhausted` errors only once they last longer than `patience`
   */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>;
}

export interface ConnectionLimitProps {
  readonly poolSize: number;
  /** Whether the server refused the work because it has no connection left. */
  readonly isExhausted: (error: unknown) => boolean;
  /** Milliseconds that work is retried for. */
  readonly patience: number;
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number;
}

/** Milliseconds after which one more connection is tried, and between two attempts of the same work. */
const RAISE_AFTER = 10_000;
const RETRY_AFTER = 50;

/**
 * Adapts to a server that grants fewer connections than the pool wants, for example while tasks of the
 * previous deployment still hold theirs. On a refused connection the limit falls to what works, so that
 * requests share the open connections; it rises again by one connection at a time.
 */
export function createConnectionLimit({
  poolSize,
  isExhausted,
  patience,
  now,
}: ConnectionLimitProps): ConnectionLimit {
  let limit = poolSize;
  let loweredAt = 0;
  let active = 0;
  const waiting: (() => void)[] = [];

  async function acquire(): Promise<void> {
    if (limit < poolSize && now() - loweredAt >= RAISE_AFTER) {
      limit += 1;
      loweredAt = now();
    }
    if (active >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    active += 1;
  }

  function release(): void {
    active -= 1;
    if (active < limit) waiting.shift()?.();
  }

  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    await acquire();
    try {
      return await work();
    } catch (error) {
      if (isExhausted(error)) {
        limit = Math.max(1, Math.min(limit, active - 1));
        loweredAt = now();
      }
      throw error;
    } finally {
      release();
    }
  }

  return {
    async run(work) {
      const startedAt = now();
      for (;;) {
        try {
          return await attempt(work);
        } catch (error) {
          if (!isExhausted(error) || now() - startedAt >= patience) throw error;
          await delay(RETRY_AFTER);
        }
      }
    },
  };
}
