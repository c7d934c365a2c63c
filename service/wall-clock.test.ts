import { expect, test } from "vitest";
import { createWallClock } from "./wall-clock.ts";

test("is the machine's time, unless the parent process sends another", () => {
  const clock = createWallClock();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(60_000);
  for (const other of ["canary", "clock", "clock x 1", { clock: 1 }, undefined])
    clock.receive(other);
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(60_000);
  clock.receive("clock 1000000 0");
  expect(clock.now()).toBe(1_000_000);
  clock.receive("clock 2000000 600");
  expect(clock.now()).toBeGreaterThanOrEqual(2_000_000);
});
