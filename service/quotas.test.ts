import { beforeEach, describe, expect, test } from "vitest";
import { DatabaseUnavailable } from "./database.ts";
import {
  createQuotas,
  MAX_CLIENTS,
  type QuotaLimits,
  type QuotaStore,
  type Quotas,
} from "./quotas.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const LIMITS: QuotaLimits = {
  requestsPerMinute: 100_000,
  decryptsPerMinute: 100_000,
  decryptsPerDay: 100_000,
};

let now: number;
/** Units of each statement. */
let counts: number[];
let used: Map<string, number>;
let failure: Error | undefined;

/** Counts as the database does. */
const take: QuotaStore["take"] = async ({ client, quota, period, count, limit }) => {
  counts.push(count);
  if (failure !== undefined) throw failure;
  const key = `${client} ${quota} ${period}`;
  const before = used.get(key) ?? 0;
  if (before >= limit) return undefined;
  used.set(key, before + count);
  return before + count;
};

beforeEach(() => {
  now = 1_000 * DAY;
  counts = [];
  used = new Map();
  failure = undefined;
});

const task = (limits: Partial<QuotaLimits>) =>
  createQuotas({ limits: { ...LIMITS, ...limits }, store: { take }, now: () => now });

/** Counts how many of a number of decrypts are admitted. */
async function admitted(quotas: readonly Quotas[], decrypts: number, client = "alice") {
  let count = 0;
  for (let index = 0; index < decrypts; index += 1) {
    const quota = quotas[index % quotas.length];
    try {
      await quota?.take(client, true);
      count += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: "QuotaExceeded" });
    }
  }
  return count;
}

describe("a client's quota", () => {
  test.each<[string, Partial<QuotaLimits>]>([
    ["requests of a minute", { requestsPerMinute: 300 }],
    ["decrypts of a minute", { decryptsPerMinute: 300 }],
    ["decrypts of a day", { decryptsPerDay: 300 }],
  ])("of %s admits exactly its limit to a single task", async (_, limits) => {
    expect(await admitted([task(limits)], 400)).toBe(300);
  });

  test("is shared by all tasks: together they admit exactly its limit if each is asked long enough", async () => {
    const tasks = [task({ decryptsPerDay: 300 }), task({ decryptsPerDay: 300 })];
    expect(await admitted(tasks, 1_000)).toBe(300);
  });

  test("is never exceeded by concurrent requests, which share a statement", async () => {
    const quotas = task({ decryptsPerDay: 50 });
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, async () => await quotas.take("alice", true)),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(50);
  });

  test("is separate from that of other clients", async () => {
    const quotas = task({ decryptsPerDay: 10 });
    expect(await admitted([quotas], 20, "alice")).toBe(10);
    expect(await admitted([quotas], 20, "bob")).toBe(10);
  });

  test("of decrypts does not count other requests", async () => {
    const quotas = task({ decryptsPerMinute: 1, decryptsPerDay: 1 });
    for (let index = 0; index < 10; index += 1) {
      expect(await quotas.take("alice", false)).toBeUndefined();
    }
    expect(await admitted([quotas], 2)).toBe(1);
  });

  test("stops a slow copy at the end of the day's quota, and begins again at midnight UTC", async () => {
    const quotas = task({ decryptsPerMinute: 5, decryptsPerDay: 1_000 });
    let copied = 0;
    for (let minute = 0; minute < 1_440; minute += 1) {
      copied += await admitted([quotas], 2);
      now += MINUTE;
    }
    expect(copied).toBe(1_000);
    expect(await admitted([quotas], 2)).toBe(2);
  });

  test("returns the used share of the day's decrypts", async () => {
    const quotas = task({ decryptsPerDay: 200 });
    const shares = [];
    for (let index = 0; index < 200; index += 1) shares.push(await quotas.take("alice", true));
    expect([shares[0], shares[99], shares[159], shares[199]]).toEqual([1, 50, 80, 100]);
  });
});

test.each<[string, number, Partial<QuotaLimits>]>([
  ["requests per minute", 31, { requestsPerMinute: 1 }],
  ["decrypts per minute", 31, { decryptsPerMinute: 1 }],
  ["decrypts per day", 91, { decryptsPerDay: 1 }],
])("a rejection names the quota of %s and the seconds until the next window", async (...args) => {
  const [unit, seconds, limits] = args;
  const quotas = task(limits);
  now += DAY - 90_500;
  await quotas.take("alice", true);
  await expect(quotas.take("alice", true)).rejects.toMatchObject({
    code: "QuotaExceeded",
    message: `The client's quota of 1 ${unit} is used up; try again in ${seconds} seconds.`,
    headers: { "Retry-After": String(seconds) },
  });
});

describe("the database", () => {
  test("gets few statements for a busy client, and none for rejected requests", async () => {
    const quotas = task({ requestsPerMinute: 100_000 });
    for (let index = 0; index < 2_000; index += 1) await quotas.take("alice", false);
    expect(counts.length).toBeLessThan(10);
    const strict = task({ decryptsPerDay: 1 });
    await admitted([strict], 1);
    const before = counts.length;
    expect(await admitted([strict], 90)).toBe(0);
    expect(counts.length - before).toBeLessThanOrEqual(4);
  });

  test("gets one statement for all requests that wait for the same quota", async () => {
    const quotas = task({ decryptsPerDay: 5_000 });
    await Promise.all(Array.from({ length: 4_000 }, async () => await quotas.take("alice", true)));
    // Two for each of the three quotas: the first request asks before the others have arrived.
    expect(counts.length).toBeLessThanOrEqual(6);
  });

  test("gets the statements of all quotas of a request at the same time", async () => {
    const started: string[] = [];
    const quotas = createQuotas({
      limits: LIMITS,
      store: {
        take({ quota }) {
          started.push(quota);
          return new Promise(() => {});
        },
      },
      now: () => now,
    });
    void quotas.take("alice", true);
    await Promise.resolve();
    expect(started).toEqual(["requests-minute", "decrypts-minute", "decrypts-day"]);
  });

  test("gets the statement for a busy client's next lease while the client still has half of its units", async () => {
    const quotas = task({ requestsPerMinute: 10_000_000 });
    for (let index = 0; index < 10_000; index += 1) await quotas.take("alice", false);
    let waits = 0;
    for (let index = 0; index < 10_000; index += 1) {
      const taken = quotas.take("alice", false);
      if (taken instanceof Promise) waits += 1;
      await taken;
    }
    expect(waits).toBe(0);
  });

  test("lends a client that is no longer busy 100 units at most", async () => {
    const quotas = task({ requestsPerMinute: 10_000_000, decryptsPerDay: 10_000_000 });
    for (let index = 0; index < 3_000; index += 1) await quotas.take("alice", true);
    expect(counts.at(-1)).toBeGreaterThan(1_000);
    for (let index = 0; index < 20_000; index += 1) {
      now += 100;
      await quotas.take("alice", true);
    }
    expect(counts.at(-1)).toBe(100);
  });

  test("takes at most twice the units that clients use who are forgotten again and again", async () => {
    const quotas = task({ decryptsPerDay: 1_000 });
    for (let time = 0; time < 3; time += 1) {
      for (let client = 0; client <= MAX_CLIENTS; client += 1) {
        for (let decrypt = 0; decrypt < 5; decrypt += 1) await quotas.take(`${client}`, true);
      }
    }
    expect(used.get("0 decrypts-day 1000")).toBeLessThanOrEqual(2 * 3 * 5);
  });

  test("gets one statement for each quota of clients that wait, however many they are", async () => {
    const clients = MAX_CLIENTS + 1_000;
    const quotas = createQuotas({
      limits: LIMITS,
      store: {
        async take(units) {
          if (counts.length > 10 * clients) throw new Error("The statements do not end.");
          return await take(units);
        },
      },
      now: () => now,
    });
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => await quotas.take(`${client}`, true)),
    );
    expect(counts).toHaveLength(3 * clients);
  });

  test("gets one statement for all requests whose minute ends while they wait", async () => {
    const quotas = createQuotas({
      limits: LIMITS,
      store: {
        async take(units) {
          const taken = await take(units);
          if (counts.length === 1) now += MINUTE;
          return taken;
        },
      },
      now: () => now,
    });
    await Promise.all(Array.from({ length: 10 }, async () => await quotas.take("alice", false)));
    expect(counts).toEqual([100, 100]);
  });

  test("lends 100 units at most after statements that failed", async () => {
    const quotas = task({ decryptsPerDay: 1_000_000 });
    failure = new DatabaseUnavailable("57P01");
    for (let index = 0; index < 10; index += 1) {
      await expect(quotas.take("alice", true)).rejects.toBe(failure);
    }
    failure = undefined;
    counts = [];
    await quotas.take("alice", true);
    expect(Math.max(...counts)).toBeLessThanOrEqual(100);
  });

  test("that is unavailable makes requests fail, and is asked again by the next one", async () => {
    const quotas = task({});
    failure = new DatabaseUnavailable("57P01");
    await expect(quotas.take("alice", true)).rejects.toBe(failure);
    failure = undefined;
    await quotas.take("alice", true);
  });
});

describe("a lease", () => {
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const burst = (quotas: Quotas, requests: number) =>
    Promise.all(Array.from({ length: requests }, async () => await quotas.take("alice", false)));

  test("is a twentieth of what is left of the quota at most", async () => {
    const quotas = task({ requestsPerMinute: 1_000 });
    for (let index = 0; index < 51; index += 1) await quotas.take("alice", false);
    expect(counts).toEqual([50, 47]);
  });

  test("covers the requests that wait, and becomes smaller once the client is no longer busy", async () => {
    const quotas = task({});
    await burst(quotas, 500);
    await settled();
    expect(counts).toEqual([500, 1_000]);
    for (const expected of [500, 250, 125]) {
      now += 1_000;
      const statements = counts.length;
      while (counts.length === statements) {
        await quotas.take("alice", false);
        await settled();
      }
      expect(counts.at(-1)).toBe(expected);
    }
  });

  test("of a client that is not busy is extended only once it is used up", async () => {
    const quotas = task({});
    for (let index = 0; index < 100; index += 1) await quotas.take("alice", false);
    await settled();
    expect(counts).toEqual([100]);
  });

  test("of a busy client is extended once less than half is left", async () => {
    const quotas = task({});
    for (let index = 0; index < 200; index += 1) await quotas.take("alice", false);
    await settled();
    expect(counts).toEqual([100, 200]);
    await quotas.take("alice", false);
    await settled();
    expect(counts).toEqual([100, 200, 400]);
  });

  test("is not extended when the quota is used up", async () => {
    const quotas = task({ requestsPerMinute: 500 });
    await burst(quotas, 500);
    await settled();
    expect(counts).toEqual([500]);
  });

  test("is forgotten once 5,000 other clients have made their first request of a minute since", async () => {
    const quotas = task({});
    const requestsOf = async (name: string, clients: number) => {
      for (let i = 0; i < clients; i += 1) await quotas.take(`${name}-${i}`, false);
    };
    const needsStatement = async () => {
      counts = [];
      await quotas.take("client-0", false);
      return counts.length > 0;
    };
    await requestsOf("client", 5_000);
    now += MINUTE;
    expect(await needsStatement()).toBe(true);
    await requestsOf("other", 4_999);
    expect(await needsStatement()).toBe(false);
    await requestsOf("another", 1);
    expect(await needsStatement()).toBe(true);
  });
});
