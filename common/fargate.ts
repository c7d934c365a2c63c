/**
 * Task sizes that Fargate offers on Linux: CPU units → memory sizes in MiB.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
 */
const MEMORY_OF_CPU: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, 1024, 2048]],
  [512, range(1024, 4096, 1024)],
  [1024, range(2048, 8192, 1024)],
  [2048, range(4096, 16_384, 1024)],
  [4096, range(8192, 30_720, 1024)],
  [8192, range(16_384, 61_440, 4096)],
  [16_384, range(32_768, 122_880, 8192)],
]);

/** CPU units that a task can have. 1024 units are one vCPU. */
export const TASK_CPUS: readonly number[] = [...MEMORY_OF_CPU.keys()];

/** Memory sizes in MiB for a task with these CPU units; empty if Fargate has no such task. */
export function memoriesForCpu(cpu: number): readonly number[] {
  return MEMORY_OF_CPU.get(cpu) ?? [];
}

/** Memory of the smallest task in MiB. */
export const SMALLEST_TASK = Math.min(...[...MEMORY_OF_CPU.values()].flat());

function range(first: number, last: number, step: number): number[] {
  return Array.from({ length: (last - first) / step + 1 }, (_, index) => first + index * step);
}
