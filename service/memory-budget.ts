import { totalmem } from "node:os";

/** Memory that requests share: bodies while they arrive, the work on them, and responses until they are sent. */
export interface MemoryBudget {
  readonly total: number;
  /** Opens an account of a request, which holds nothing yet. */
  readonly open: () => MemoryAccount;
}

export interface MemoryAccount {
  /** Changes what the account holds. @returns false, without a change, when memory is short */
  readonly resize: (bytes: number) => boolean;
  /**
   * Lets the budget evict the request when memory is short and the client has taken longer than PATIENCE to
   * send its body or to receive its response. Undefined while the service works on the request.
   */
  readonly whileClientIsBusy: (evict: (() => void) | undefined) => void;
  readonly close: () => void;
}

/** Milliseconds that a client may take to send or receive when others need its memory. */
const PATIENCE = 1_000;

/**
 * Limits the memory of requests. A slow client must not hold memory that others need: when it is short, the
 * requests that have waited longest for their client are evicted, the oldest first.
 * @param now milliseconds on a monotonic clock
 */
export function createMemoryBudget(total: number, now: () => number): MemoryBudget {
  let used = 0;
  // In the order of `since`, as accounts are appended when their client begins.
  const waiting = new Map<MemoryAccount, { readonly since: number; readonly evict: () => void }>();

  function makeRoom(bytes: number): boolean {
    for (const [account, { since, evict }] of waiting) {
      if (used + bytes <= total || now() - since < PATIENCE) break;
      account.close();
      evict();
    }
    return used + bytes <= total;
  }

  return {
    total,
    open() {
      let held = 0;
      let closed = false;
      const account: MemoryAccount = {
        resize(bytes) {
          const growth = bytes - held;
          if (growth > 0 && (!makeRoom(growth) || closed)) return false;
          if (closed) return true;
          used += growth;
          held = bytes;
          return true;
        },
        whileClientIsBusy(evict) {
          waiting.delete(account);
          if (evict !== undefined && !closed) waiting.set(account, { since: now(), evict });
        },
        close() {
          waiting.delete(account);
          used -= held;
          held = 0;
          closed = true;
        },
      };
      return account;
    },
  };
}

/** Bytes of memory that this process may use: the limit of its container, else what the machine has. */
export function availableMemory(): number {
  // 0 or a huge number when there is no limit.
  return Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
}
