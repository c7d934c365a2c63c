import { type ControlGroup, createControlGroup } from "./control-group.ts";

export interface MemoryLimit extends ControlGroup {
  /** The most memory that the group has used, in bytes. */
  readonly peak: () => number;
  /** Number of processes that the kernel has killed because memory ran out. */
  readonly kills: () => number;
}

interface Version {
  readonly root: string;
  readonly limit: string;
  readonly peak: string;
  /** A file with a line `oom_kill N`. */
  readonly events: string;
}

/**
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory and
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 */
const VERSIONS: readonly Version[] = [
  {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    peak: "memory.max_usage_in_bytes",
    events: "memory.oom_control",
  },
  {
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    peak: "memory.peak",
    events: "memory.events",
  },
];

/** Limits memory. @returns undefined where this process may not create control groups */
export function limitMemory(bytes: number): MemoryLimit | undefined {
  for (const { root, limit, peak, events } of VERSIONS) {
    const group = createControlGroup(root, limit, String(bytes));
    if (group === undefined) continue;
    return {
      ...group,
      peak: () => Number(group.read(peak)),
      kills: () => Number(/^oom_kill (\d+)$/m.exec(group.read(events))?.[1]),
    };
  }
  return undefined;
}
