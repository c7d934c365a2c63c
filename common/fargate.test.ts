import { expect, test } from "vitest";
import { memoriesForCpu, TASK_CPUS } from "./fargate.ts";

test.each([
  [256, [512, 1024, 2048]],
  [512, [1024, 2048, 3072, 4096]],
  [1024, [2048, 3072, 4096, 5120, 6144, 7168, 8192]],
])("a task with %i CPU units has one of these memories", (cpu, memories) => {
  expect(memoriesForCpu(cpu)).toEqual(memories);
});

test("the largest tasks end where Fargate's table does", () => {
  expect(
    TASK_CPUS.slice(3).map((cpu) => [cpu, memoriesForCpu(cpu).at(0), memoriesForCpu(cpu).at(-1)]),
  ).toEqual([
    [2048, 4096, 16_384],
    [4096, 8192, 30_720],
    [8192, 16_384, 61_440],
    [16_384, 32_768, 122_880],
  ]);
});

test("a CPU that Fargate does not offer has no memory", () => {
  expect(memoriesForCpu(300)).toEqual([]);
});
