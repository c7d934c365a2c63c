import { expect, test } from "vitest";
import { createConcurrencyLimit, type Load, onUtilization } from "./concurrency-limit.ts";
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

test("halves the limit in each interval, but not below 32, under overload without CPU time left", () => {
  expect(limitsAfter(Array(4).fill(OVERLOAD))).toEqual([64, 32, 32, 32]);
});

test("raises a limit that leaves CPU time unused as far as needed, and then keeps it", () => {
  const spare = { ...OVERLOAD, utilization: 0.76 };
  expect(limitsAfter([OVERLOAD, OVERLOAD, spare, OVERLOAD])).toEqual([64, 32, 40, 40]);
});

test("never raises the limit above the maximum", () => {
  expect(limitsAfter([{ ...OVERLOAD, utilization: 0.7 }])).toEqual([MAX]);
});

test("keeps the maximum while KMS is slow, however many requests are rejected", () => {
  expect(limitsAfter([{ utilization: 0.1, accepted: 10, rejected: 1_000 }])).toEqual([MAX]);
});

test("raises the limit while rejections use most of the CPU, as accepted requests wait for something else", () => {
  expect(fromLowered({ utilization: 1, accepted: 10, rejected: 90 })).toBe(32);
  expect(fromLowered({ utilization: 1, accepted: 10, rejected: 101 })).toBe(MAX);
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

test("never exceeds a configured maximum below 32", () => {
  expect(limitsAfter([OVERLOAD, { ...OVERLOAD, utilization: 0.1 }], 3)).toEqual([3, 3]);
});

test("slots follow the load of each interval, and requests in progress keep theirs", () => {
  const slots = createSlots(MAX);
  for (let i = 0; i < MAX; i++) slots.take();
  for (let i = 0; i < MAX; i++) slots.reject();
  slots.adapt(1);
  expect(slots.limit()).toBe(64);
  // Nothing was rejected since, so that the count of the first interval must not lower the limit again.
  slots.adapt(1);
  expect(slots.limit()).toBe(MAX);
  slots.free();
  slots.take();
  expect(slots.take).toThrow("Too many requests are in progress; try again in a second.");
});

test("slots count the requests that `take` rejects", () => {
  const slots = createSlots(40);
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
