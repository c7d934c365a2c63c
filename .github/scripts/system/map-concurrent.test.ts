import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { mapConcurrent } from "./map-concurrent.ts";

test("runs at most the limit at once and returns results in the order of the items", async () => {
  let now = 0;
  let most = 0;
  const answers = await mapConcurrent(2, [30, 1, 20, 5, 1], async (milliseconds) => {
    now += 1;
    most = Math.max(most, now);
    await wait(milliseconds);
    now -= 1;
    return milliseconds * 10;
  });
  expect(answers).toEqual([300, 10, 200, 50, 10]);
  expect(most).toBe(2);
});

test("rejects if one item fails", async () => {
  const work = async (item: number) => {
    if (item === 2) throw new Error("two");
    return item;
  };
  await expect(mapConcurrent(3, [1, 2, 3], work)).rejects.toThrow("two");
});
