import { describe, expect, it } from "vitest";
import { manualClock } from "../testing/manual-clock.ts";
import { adjustableClock } from "./clock.ts";

describe("an adjustable clock", () => {
  it("starts at the given time and runs faster than real time", async () => {
    const before = performance.now();
    const clock = adjustableClock(600, 1_000_000);
    await new Promise<void>((resolve) => clock.after(6_000, resolve));
    const real = performance.now() - before;
    expect(clock.now()).toBeGreaterThanOrEqual(1_000_000 + 6_000 - 600);
    expect(clock.now() - 1_000_000).toBeLessThanOrEqual((performance.now() - before) * 600);
    expect(real).toBeLessThan(6_000);
  });

  it("does not run cancelled tasks", async () => {
    const clock = adjustableClock(600, 0);
    const cancel = clock.after(600, () => expect.unreachable());
    cancel();
    await new Promise<void>((resolve) => clock.after(1_200, resolve));
  });

  it("stands still while it is paused, and runs pending tasks once it continues", async () => {
    const clock = adjustableClock(0, 5_000);
    let ran = false;
    const done = new Promise<void>((resolve) =>
      clock.after(60_000, () => {
        ran = true;
        resolve();
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(clock.now()).toBe(5_000);
    expect(ran).toBe(false);
    clock.setSpeed(6_000);
    await done;
    expect(clock.now()).toBeGreaterThanOrEqual(65_000);
  });

  it("advances while paused, and runs due tasks in order, each at its own time", () => {
    const clock = adjustableClock(0, 0);
    const seen: string[] = [];
    clock.after(20, () => seen.push(`late ${clock.now()}`));
    clock.after(10, () => {
      seen.push(`early ${clock.now()}`);
      clock.after(5, () => seen.push(`nested ${clock.now()}`));
    });
    clock.after(31, () => seen.push("never"));
    clock.advance(30);
    expect(seen).toEqual(["early 10", "nested 15", "late 20"]);
    expect(clock.now()).toBe(30);
  });

  it("does not jump when its speed changes", () => {
    const clock = adjustableClock(600, 1_000);
    const before = clock.now();
    clock.setSpeed(1);
    expect(clock.now() - before).toBeLessThan(10_000);
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(clock.speed()).toBe(1);
  });
});

describe("a manual clock", () => {
  it("runs due tasks in order, each at its own time, including tasks that these schedule", () => {
    const clock = manualClock(0);
    const seen: string[] = [];
    clock.after(20, () => seen.push(`late ${clock.now()}`));
    clock.after(10, () => {
      seen.push(`early ${clock.now()}`);
      clock.after(5, () => seen.push(`nested ${clock.now()}`));
    });
    clock.after(31, () => seen.push("never"));
    clock.advance(30);
    expect(seen).toEqual(["early 10", "nested 15", "late 20"]);
    expect(clock.now()).toBe(30);
  });
});
