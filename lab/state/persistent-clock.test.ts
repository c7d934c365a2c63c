import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { persistentClock } from "./persistent-clock.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "clock-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("starts at real time", () => {
  const before = Date.now();
  const clock = persistentClock(join(folder, "new"), 60);
  const elapsed = clock.now() - before;
  clock.close();
  expect(elapsed).toBeGreaterThanOrEqual(0);
});

it("starts after the time at which an earlier lab stopped or was killed", () => {
  const file = join(folder, "ahead");
  const tomorrow = Date.now() + 86_400_000;
  writeFileSync(file, String(tomorrow));
  const first = persistentClock(file, 60);
  expect(first.now()).toBeGreaterThan(tomorrow);
  const killedAt = first.now();
  const second = persistentClock(file, 60);
  expect(second.now()).toBeGreaterThan(killedAt);
  first.close();
  second.close();
});

it("starts at real time if the file contains no time", () => {
  const file = join(folder, "damaged");
  writeFileSync(file, "not a time at all");
  const clock = persistentClock(file, 1);
  expect(clock.now()).toBeGreaterThanOrEqual(Date.now() - 1000);
  clock.close();
});
