import { Problem } from "./problem.ts";

/** How much one client may do. All tasks of the service share a client's quotas. */
export interface QuotaLimits {
  readonly requestsPerMinute: number;
  /** Requests that try a Key: to decrypt or forget a record. */
  readonly decryptsPerMinute: number;
  readonly decryptsPerDay: number;
}

/** Counters in the database, which all tasks share. */
export interface QuotaStore {
  /**
   * Takes `count` units of a client's quota, or what is left of them.
   * @returns how many units are taken in the window, up to `limit + count - 1`; undefined if none was left
   * @throws DatabaseUnavailable
   */
  readonly take: (units: {
    readonly client: string;
    readonly quota: string;
    /** Number of the window since the epoch. */
    readonly period: number;
    readonly count: number;
    readonly limit: number;
  }) => Promise<number | undefined>;
  /** Deletes the counters of windows that ended more than a minute ago. */
  readonly purge: (now: number) => Promise<void>;
}

export interface QuotaProps {
  readonly limits: QuotaLimits;
  readonly store: Pick<QuotaStore, "take">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Quotas {
  /**
   * Counts a request of a client, at once if its leases suffice.
   * @returns percentage of the client's decrypts of the day that are used; undefined for other requests
   * @throws Problem 429 if a quota is used up
   * @throws DatabaseUnavailable
   */
  readonly take: (
    client: string,
    isDecrypt: boolean,
  ) => number | undefined | Promise<number | undefined>;
}

interface Quota {
  readonly name: string;
  readonly limit: number;
  /** Length of a window in milliseconds. Windows begin at multiples of it since the epoch: at midnight UTC. */
  readonly window: number;
  readonly unit: string;
}

/** A part of a client's quota that this process may use without asking the database. */
interface Lease {
  /** Number of the window since the epoch. */
  readonly period: number;
  left: number;
  /** How much of the quota all tasks have taken, as far as this process knows. */
  taken: number;
  pending: Promise<void> | undefined;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * A lease is this share of what is left: few statements for busy clients, and little that is lost in tasks that
 * do not use their leases up.
 */
const LEASE_SHARE = 20;
const MAX_LEASE = 100;

/** Leases to remember, a bound on memory. A forgotten lease is lost to its client. */
const MAX_LEASES = 10_000;

/** Counts requests in the database, a lease at a time, so that most requests need no statement. */
export function createQuotas({ limits, store, now }: QuotaProps): Quotas {
  const requests: Quota = {
    name: "requests-minute",
    limit: limits.requestsPerMinute,
    window: MINUTE,
    unit: "requests per minute",
  };
  const decryptsOfMinute: Quota = {
    name: "decrypts-minute",
    limit: limits.decryptsPerMinute,
    window: MINUTE,
    unit: "decrypts per minute",
  };
  const decryptsOfDay: Quota = {
    name: "decrypts-day",
    limit: limits.decryptsPerDay,
    window: DAY,
    unit: "decrypts per day",
  };
  const ofRequests = [requests];
  const ofDecrypts = [requests, decryptsOfMinute, decryptsOfDay];
  const leases = new Map<string, Lease>();

  function leaseOf(client: string, { name, window }: Quota): Lease {
    const key = `${client} ${name}`;
    const period = Math.floor(now() / window);
    const known = leases.get(key);
    if (known?.period === period) return known;
    const lease: Lease = { period, left: 0, taken: 0, pending: undefined };
    leases.delete(key);
    leases.set(key, lease);
    const [oldest] = leases.keys();
    if (leases.size > MAX_LEASES && oldest !== undefined) leases.delete(oldest);
    return lease;
  }

  async function extend(client: string, { name, limit }: Quota, lease: Lease): Promise<void> {
    const share = Math.floor((limit - lease.taken) / LEASE_SHARE);
    const count = Math.min(Math.max(share, 1), MAX_LEASE);
    const taken = await store.take({ client, quota: name, period: lease.period, count, limit });
    lease.left += taken === undefined ? 0 : count - Math.max(0, taken - limit);
    lease.taken = Math.min(taken ?? limit, limit);
  }

  async function awaitLeases(client: string, quotas: readonly Quota[]): Promise<void> {
    for (const quota of quotas) {
      const lease = leaseOf(client, quota);
      while (lease.left === 0) {
        if (lease.taken >= quota.limit) throw exceeded(quota, now());
        lease.pending ??= extend(client, quota, lease).finally(() => {
          lease.pending = undefined;
        });
        await lease.pending;
      }
    }
  }

  function take(
    client: string,
    isDecrypt: boolean,
  ): number | undefined | Promise<number | undefined> {
    const quotas = isDecrypt ? ofDecrypts : ofRequests;
    const held = quotas.map((quota) => leaseOf(client, quota));
    if (held.some(({ left }) => left === 0)) {
      return awaitLeases(client, quotas).then(() => take(client, isDecrypt));
    }
    for (const lease of held) lease.left -= 1;
    const day = held[2];
    return day && Math.round((100 * (day.taken - day.left)) / decryptsOfDay.limit);
  }

  return { take };
}

function exceeded({ limit, window, unit }: Quota, now: number): Problem {
  const seconds = Math.ceil((window - (now % window)) / 1_000);
  return new Problem(
    "QuotaExceeded",
    `The client's quota of ${limit} ${unit} is used up; try again in ${seconds} seconds.`,
    { "Retry-After": String(seconds) },
  );
}
