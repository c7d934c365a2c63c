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
  /** Units of the first lease in a window. The next ones double. */
  readonly firstLease: number;
}

/** A part of a client's quota that this process may use without asking the database. */
interface Lease {
  readonly quota: Quota;
  /** Number of the window since the epoch. */
  readonly period: number;
  left: number;
  /** How much of the quota all tasks have taken, as far as this process knows. */
  taken: number;
  /** Units of the last extension, and when it began, in milliseconds since the epoch. */
  size: number;
  extendedAt: number;
  /** Requests that wait for an extension. */
  waiting: number;
  pending: Promise<void> | undefined;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * A lease is at most this share of what is left: few statements for busy clients, and little that is lost in tasks
 * that do not use their leases up.
 */
const LEASE_SHARE = 20;

/** Units of a lease of a client that is not busy, once it has used up smaller ones. */
const IDLE_LEASE = 100;

/** Milliseconds that a lease of a busy client should last: each lease that is used up sooner doubles the next one. */
const LEASE_DURATION = 1_000;

/**
 * Clients whose leases to remember, a bound on memory. A forgotten lease is lost to its client. The leases of a day begin
 * small, so that a client that is forgotten between its requests loses at most as many units as it uses.
 */
export const MAX_CLIENTS = 5_000;

/** Counts requests in the database, a lease at a time, so that most requests need no statement. */
export function createQuotas({ limits, store, now }: QuotaProps): Quotas {
  const quotas = quotasWith(limits);
  const extend = createExtend(store, now);
  const leases = new Map<string, readonly Lease[]>();

  /**
   * @param awaited leases for which a request of the client has waited
   * @returns the leases of the client for the current windows, in the order of `quotas`
   */
  function leasesOf(client: string, awaited: readonly Lease[] | undefined): readonly Lease[] {
    const time = now();
    // The client may have been forgotten meanwhile. With new leases, the wait would begin again.
    if (awaited?.every((lease) => isCurrent(lease, time))) return awaited;
    const known = leases.get(client);
    if (known?.every((lease) => isCurrent(lease, time))) return known;
    const current = quotas.map((quota, index) => {
      const lease = known?.[index];
      return lease !== undefined && isCurrent(lease, time) ? lease : newLease(quota, time);
    });
    leases.delete(client);
    leases.set(client, current);
    const [oldest] = leases.keys();
    if (leases.size > MAX_CLIENTS && oldest !== undefined) leases.delete(oldest);
    return current;
  }

  async function awaitUnits(client: string, held: readonly Lease[]): Promise<void> {
    const empty = held.filter(({ left }) => left === 0);
    for (const { quota, taken } of empty) if (taken >= quota.limit) throw exceeded(quota, now());
    for (const lease of empty) lease.waiting += 1;
    try {
      await Promise.all(empty.map((lease) => extend(client, lease)));
    } finally {
      for (const lease of empty) lease.waiting -= 1;
    }
  }

  function take(
    client: string,
    isDecrypt: boolean,
    awaited?: readonly Lease[],
  ): number | undefined | Promise<number | undefined> {
    const all = leasesOf(client, awaited);
    const held = isDecrypt ? all : all.slice(0, 1);
    if (held.some(({ left }) => left === 0)) {
      return awaitUnits(client, held).then(() => take(client, isDecrypt, all));
    }
    for (const lease of held) {
      lease.left -= 1;
      // Early for a busy client, so that its requests do not wait. If it fails, the request that finds no units repeats it.
      if (lease.size > IDLE_LEASE && lease.left < lease.size / 2 && lease.taken < lease.quota.limit)
        extend(client, lease).catch(() => {});
    }
    const day = isDecrypt ? all[2] : undefined;
    return day && Math.round((100 * (day.taken - day.left)) / day.quota.limit);
  }

  return { take: (client, isDecrypt) => take(client, isDecrypt) };
}

/** @returns a function that extends a lease of a client, once at a time */
function createExtend({ take }: Pick<QuotaStore, "take">, now: () => number) {
  async function takeUnits(client: string, lease: Lease): Promise<void> {
    const { quota, period } = lease;
    // The other requests that have just used up the lease will wait, too.
    await undefined;
    const startedAt = now();
    const isBusy = startedAt - lease.extendedAt < LEASE_DURATION;
    const least = Math.min(2 * lease.size, IDLE_LEASE);
    const size = Math.max(isBusy ? 2 * lease.size : lease.size / 2, least);
    const share = Math.floor((quota.limit - lease.taken) / LEASE_SHARE);
    const count = Math.max(Math.min(Math.floor(size), share), lease.waiting, 1);
    const taken = await take({ client, quota: quota.name, period, count, limit: quota.limit });
    lease.size = count;
    lease.extendedAt = startedAt;
    lease.left += taken === undefined ? 0 : count - Math.max(0, taken - quota.limit);
    lease.taken = Math.min(taken ?? quota.limit, quota.limit);
  }

  return (client: string, lease: Lease): Promise<void> => {
    lease.pending ??= takeUnits(client, lease).finally(() => {
      lease.pending = undefined;
    });
    return lease.pending;
  };
}

/** The first counts all requests, the others those that try a Key. */
function quotasWith(limits: QuotaLimits): readonly Quota[] {
  return [
    {
      name: "requests-minute",
      limit: limits.requestsPerMinute,
      window: MINUTE,
      unit: "requests per minute",
      firstLease: IDLE_LEASE,
    },
    {
      name: "decrypts-minute",
      limit: limits.decryptsPerMinute,
      window: MINUTE,
      unit: "decrypts per minute",
      firstLease: IDLE_LEASE,
    },
    {
      name: "decrypts-day",
      limit: limits.decryptsPerDay,
      window: DAY,
      unit: "decrypts per day",
      firstLease: 1,
    },
  ];
}

function isCurrent({ quota, period }: Lease, time: number): boolean {
  return period === Math.floor(time / quota.window);
}

function newLease(quota: Quota, time: number): Lease {
  return {
    quota,
    period: Math.floor(time / quota.window),
    left: 0,
    taken: 0,
    size: quota.firstLease / 2,
    extendedAt: Number.NEGATIVE_INFINITY,
    waiting: 0,
    pending: undefined,
  };
}

function exceeded({ limit, window, unit }: Quota, now: number): Problem {
  const seconds = Math.ceil((window - (now % window)) / 1_000);
  return new Problem(
    "QuotaExceeded",
    `The client's quota of ${limit} ${unit} is used up; try again in ${seconds} seconds.`,
    { "Retry-After": String(seconds) },
  );
}
