import { beforeEach, expect, test } from "vitest";
import { createMemoryBudget, type MemoryBudget } from "./memory-budget.ts";

let clock = 0;
let budget: MemoryBudget;

beforeEach(() => {
  clock = 0;
  budget = createMemoryBudget(100, () => clock);
});

test("grants no more than its total", () => {
  const [first, second] = [budget.open(), budget.open()];
  expect(first.resize(60)).toBe(true);
  expect(second.resize(41)).toBe(false);
  expect(second.resize(40)).toBe(true);
  expect(first.resize(61)).toBe(false);
  expect(first.resize(10)).toBe(true);
  expect(second.resize(90)).toBe(true);
});

test("takes back what a closed account held, once", () => {
  const first = budget.open();
  first.resize(100);
  first.close();
  first.close();
  const second = budget.open();
  expect(second.resize(101)).toBe(false);
  expect(second.resize(100)).toBe(true);
  expect(first.resize(1)).toBe(false);
  expect(first.resize(0)).toBe(true);
});

test("evicts the clients that were busy longest, and only as many as it must", () => {
  const evicted: string[] = [];
  for (const name of ["first", "second", "third"]) {
    const account = budget.open();
    account.resize(30);
    account.whileClientIsBusy(() => evicted.push(name));
    clock += 100;
  }
  const other = budget.open();
  expect(other.resize(40)).toBe(false);
  clock = 1_000;
  expect(other.resize(40)).toBe(true);
  expect(evicted).toEqual(["first"]);
  expect(other.resize(60)).toBe(false);
  clock = 1_100;
  expect(other.resize(60)).toBe(true);
  expect(evicted).toEqual(["first", "second"]);
});

test("evicts no request that the service works on", () => {
  const working = budget.open();
  working.resize(100);
  working.whileClientIsBusy(() => expect.unreachable());
  working.whileClientIsBusy(undefined);
  clock = 60_000;
  expect(budget.open().resize(1)).toBe(false);
});

test("lets a slow client that grows evict itself", () => {
  const slow = budget.open();
  slow.resize(90);
  let evicted = false;
  slow.whileClientIsBusy(() => {
    evicted = true;
  });
  clock = 1_000;
  expect(slow.resize(110)).toBe(false);
  expect(evicted).toBe(true);
  expect(budget.open().resize(100)).toBe(true);
});
