import { expect, test } from "vitest";
import { memoriesForCpu, TASK_CPUS } from "./fargate.ts";

test.each([
  [256, [512, 1024, 2048]],
  [512, [1024, 2048, 3072, 4096]],
  [1024, [2048, 3072, 4096, 5120, 6144, 7168, 8192]],
])("offers the documented memory sizes for %i CPU units", (cpu, memories) => {
  expect(memoriesForCpu(cpu)).toEqual(memories);
});

test("offers the documented smallest and largest memory of large tasks", () => {
  expect(
    TASK_CPUS.slice(3).map((cpu) => [cpu, memoriesForCpu(cpu).at(0), memoriesForCpu(cpu).at(-1)]),
  ).toEqual([
    [2048, 4096, 16_384],
    [4096, 8192, 30_720],
    [8192, 16_384, 61_440],
    [16_384, 32_768, 122_880],
  ]);
});

test("offers no memory for CPU units that Fargate does not have", () => {
  expect(memoriesForCpu(300)).toEqual([]);
});
