import { expect, test } from "vitest";
import { createProgress } from "./progress.ts";

function terminal(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 80, write: (text: string) => written.push(text), written };
}

test("shows the rate, and the time left once the total is known", () => {
  let now = 0;
  const screen = terminal(true);
  const progress = createProgress(screen, () => now);
  now = 1000;
  progress.add({ files: 10, events: 5000, bytes: 1_000_000 });
  progress.expect({ files: 40, bytes: 4_000_000 });
  now = 2000;
  progress.add({ files: 10, events: 5000, bytes: 1_000_000 });
  expect(screen.written.map((text) => text.replace("\r\x1b[K", ""))).toEqual([
    "10 files · 5,000 events · 5,000 a second",
    "20 of 40 files · 10,000 events · 5,000 a second · 2 s left",
  ]);
  progress.end();
  expect(screen.written.at(-1)).toBe("\r\x1b[K");
});

test("draws at most five times a second and within the width of the terminal", () => {
  let now = 0;
  const screen = { ...terminal(true), columns: 20 };
  const progress = createProgress(screen, () => now);
  for (; now < 1000; now += 10) progress.add({ files: 1, events: 1, bytes: 1 });
  expect(screen.written).toHaveLength(5);
  expect(Math.max(...screen.written.map((text) => text.length - 4))).toBeLessThan(20);
});

test("writes nothing if standard error is not a terminal", () => {
  const screen = terminal(false);
  const progress = createProgress(screen);
  progress.add({ files: 1, events: 1, bytes: 1 });
  progress.end();
  expect(screen.written).toEqual([]);
});
