import { expect, test } from "vitest";
import {
  type ConcurrencyLimit,
  createConcurrencyLimit,
  type Load,
  onUtilization,
} from "./concurrency-limit.ts";
import { createSlots } from "./slots.ts";

const MAX = 128;
const OVERLOAD: Load = { utilization: 1, accepted: 300, rejected: 300 };

/** The limits after intervals with these loads. */
function limitsAfter(loads: readonly Load[], max = MAX): number[] {
  const limit = createConcurrencyLimit(max);
  return loads.map((load) => {
    limit.adapt(load);
    return limit.current();
  });
}

/** The limit after an interval with this load, before which it was lowered to 64. */
const fromLowered = (load: Load) => limitsAfter([OVERLOAD, load])[1];

/**
 * Serves requests of 0.3 ms of CPU time that wait for KMS, and rejections of 0.03 ms, for 20 seconds.
 * @param arrivals requests in an interval of 100 ms
 * @param latency of KMS in milliseconds
 * @returns the number of accepted requests
 */
function serve(
  { current, adapt }: ConcurrencyLimit,
  { arrivals, latency }: { readonly arrivals: number; readonly latency: number },
): number {
  let served = 0;
  for (let interval = 0; interval < 200; interval += 1) {
    const byCpu = (100 - 0.03 * arrivals) / 0.27;
    const accepted = Math.min(arrivals, (100 * current()) / (latency + 0.3), byCpu);
    const rejected = arrivals - accepted;
    served += accepted;
    adapt({ utilization: (0.3 * accepted + 0.03 * rejected) / 100, accepted, rejected });
  }
  return served;
}

test("halves the limit in each interval, but not below 32, under overload without CPU time left", () => {
  expect(limitsAfter(Array(4).fill(OVERLOAD))).toEqual([64, 32, 32, 32]);
});

test("raises a limit that leaves CPU time unused as far as needed, and then keeps it", () => {
  const spare = { ...OVERLOAD, utilization: 0.76 };
  expect(limitsAfter([OVERLOAD, OVERLOAD, spare, OVERLOAD])).toEqual([64, 32, 40, 40]);
});

test("keeps a raised limit when a lower one used less than half of the CPU", () => {
  const spare: Load = { utilization: 0.6, accepted: 100, rejected: 300 };
  expect(limitsAfter([OVERLOAD, spare, OVERLOAD])).toEqual([64, 102, 102]);
});

test("remembers the limit that it needs, but searches a tenth below it after each trial of the maximum", () => {
  const spare: Load = { utilization: 0.6, accepted: 100, rejected: 300 };
  const limits = limitsAfter([OVERLOAD, spare, ...Array(9).fill(OVERLOAD), OVERLOAD, OVERLOAD]);
  expect(limits.slice(-3)).toEqual([MAX, 91, 91]);
  const later = limitsAfter([OVERLOAD, spare, ...Array(200).fill(OVERLOAD)]);
  expect(Math.min(...later)).toBe(32);
});

test.each([10, 20, 40, 60])(
  "serves nine tenths of what a fixed limit would under overload while KMS takes %i ms",
  (latency) => {
    for (const arrivals of [450, 600, 1_200]) {
      const fixed = serve({ current: () => MAX, adapt: () => {} }, { arrivals, latency });
      const adapted = serve(createConcurrencyLimit(MAX), { arrivals, latency });
      expect(adapted / fixed).toBeGreaterThan(0.9);
    }
  },
);

test("lowers the limit again after it was raised to the maximum, as far as it was not too low", () => {
  const spare = { ...OVERLOAD, utilization: 0.6 };
  expect(limitsAfter([OVERLOAD, spare, spare, OVERLOAD])).toEqual([64, 102, MAX, 102]);
});

test("lowers the limit from a utilization of 95 %", () => {
  const limits = [0.94, 0.95].map((utilization) => limitsAfter([{ ...OVERLOAD, utilization }]));
  expect(limits).toEqual([[MAX], [64]]);
});

test("never raises the limit above the maximum", () => {
  expect(limitsAfter([{ ...OVERLOAD, utilization: 0.7 }])).toEqual([MAX]);
});

test("keeps the maximum while KMS is slow, however many requests are rejected", () => {
  expect(limitsAfter([{ utilization: 0.1, accepted: 10, rejected: 1_000 }])).toEqual([MAX]);
});

test("raises the limit while rejections use most of the CPU, as accepted requests wait for something else", () => {
  expect(fromLowered({ utilization: 1, accepted: 10, rejected: 90 })).toBe(32);
  expect(fromLowered({ utilization: 1, accepted: 10, rejected: 100 })).toBe(MAX);
});

test("keeps the maximum while a busy process rejects at most a quarter of the requests", () => {
  expect(limitsAfter([{ utilization: 1, accepted: 300, rejected: 100 }])).toEqual([MAX]);
  expect(limitsAfter([{ utilization: 1, accepted: 300, rejected: 101 }])).toEqual([64]);
});

test("raises the limit when requests stop arriving", () => {
  expect(fromLowered({ utilization: 1, accepted: 0, rejected: 0 })).toBe(MAX);
});

test("tries the maximum once per second, for clients that only repeat rejected requests", () => {
  const limits = limitsAfter(Array(23).fill(OVERLOAD));
  const atMaximum = [...limits.entries()].filter(([, limit]) => limit === MAX);
  expect(atMaximum.map(([interval]) => interval)).toEqual([10, 21]);
});

test("counts a second from when the limit was lowered", () => {
  const spare: Load[] = Array(9).fill({ ...OVERLOAD, utilization: 0.7 });
  expect(limitsAfter([...spare, ...Array(4).fill(OVERLOAD)]).slice(9)).toEqual([64, 32, 32, 32]);
});

test("never exceeds a configured maximum below 32", () => {
  expect(limitsAfter([OVERLOAD, { ...OVERLOAD, utilization: 0.1 }], 3)).toEqual([3, 3]);
});

/** Slots that were all taken in an interval of overload. */
function overloadedSlots() {
  const slots = createSlots(MAX);
  for (let i = 0; i < MAX; i++) slots.take();
  for (let i = 0; i < MAX; i++) slots.reject();
  slots.adapt(1);
  return slots;
}

test("slots keep following an overload in an interval in which the process got no CPU time", () => {
  const slots = overloadedSlots();
  expect(slots.limit()).toBe(64);
  slots.adapt(1);
  expect(slots.limit()).toBe(32);
});

test("slots are available again once the process is idle, and requests in progress keep theirs", () => {
  const slots = overloadedSlots();
  slots.adapt(0.1);
  expect(slots.limit()).toBe(MAX);
  slots.free();
  slots.take();
  expect(slots.take).toThrow("Too many requests are in progress; try again in a second.");
});

test("slots are available again after two intervals of a busy process without rejections", () => {
  const slots = overloadedSlots();
  for (let i = 0; i < MAX; i++) slots.free();
  const limits = [1, 2].map(() => {
    for (let i = 0; i < MAX; i++) {
      slots.take();
      slots.free();
    }
    slots.adapt(1);
    return slots.limit();
  });
  expect(limits).toEqual([32, MAX]);
});

test("slots count the requests that `take` accepts and rejects", () => {
  const slots = createSlots(40);
  for (let i = 0; i < 40; i++) slots.take();
  for (let i = 0; i < 13; i++) expect(slots.take).toThrow(slots.rejection);
  slots.adapt(1);
  expect(slots.limit()).toBe(40);
  for (let i = 0; i < 40; i++) slots.free();
  for (let i = 0; i < 40; i++) slots.take();
  for (let i = 0; i < 14; i++) expect(slots.take).toThrow(slots.rejection);
  slots.adapt(1);
  expect(slots.limit()).toBe(32);
  for (let i = 0; i < 8; i++) slots.free();
  expect(slots.isFull()).toBe(true);
  slots.free();
  expect(slots.isFull()).toBe(false);
});

test("measures a busy and an idle event loop", async () => {
  const utilizations: number[] = [];
  onUtilization((utilization) => utilizations.push(utilization));
  let isBusy = true;
  const spin = () => isBusy && setImmediate(spin);
  spin();
  const last = () => utilizations.at(-1);
  const PATIENCE = { timeout: 50_000, interval: 20 };
  await expect.poll(last, PATIENCE).toBeGreaterThan(0.95);
  isBusy = false;
  await expect.poll(last, PATIENCE).toBeLessThan(0.9);
});
