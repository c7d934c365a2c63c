import { describe, expect, it } from "vitest";
import { manualClock } from "../testing/manual-clock.ts";
import { scaledClock } from "./clock.ts";

describe("a scaled clock", () => {
  it("starts at the given time and runs faster than real time", async () => {
    const before = performance.now();
    const clock = scaledClock(600, 1_000_000);
    await new Promise<void>((resolve) => clock.after(6_000, resolve));
    const real = performance.now() - before;
    expect(clock.now()).toBeGreaterThanOrEqual(1_000_000 + 6_000 - 600);
    expect(clock.now() - 1_000_000).toBeLessThanOrEqual((performance.now() - before) * 600);
    expect(real).toBeLessThan(6_000);
  });

  it("does not run cancelled tasks", async () => {
    const clock = scaledClock(600, 0);
    const cancel = clock.after(600, () => expect.unreachable());
    cancel();
    await new Promise<void>((resolve) => clock.after(1_200, resolve));
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
