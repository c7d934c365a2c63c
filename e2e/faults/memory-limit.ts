import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A control group of the kernel that limits the memory of the processes in it, as a container does. */
export interface MemoryLimit {
  /** A process in the group writes its id here. */
  readonly procs: string;
  /** The most memory that the group has used, in bytes. */
  readonly peak: () => number;
  /** Number of processes that the kernel has killed because memory ran out. */
  readonly kills: () => number;
  readonly remove: () => void;
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

/** @returns undefined where this process may not create control groups */
export function limitMemory(bytes: number): MemoryLimit | undefined {
  for (const { root, limit, peak, events } of VERSIONS) {
    const folder = join(root, `cipherwatch-${process.pid}-${performance.now().toFixed()}`);
    const read = (file: string) => readFileSync(join(folder, file), "utf8");
    try {
      mkdirSync(folder);
      if (!existsSync(join(folder, limit))) {
        rmdirSync(folder);
        continue;
      }
      writeFileSync(join(folder, limit), String(bytes));
      return {
        procs: join(folder, "cgroup.procs"),
        peak: () => Number(read(peak)),
        kills: () => Number(/^oom_kill (\d+)$/m.exec(read(events))?.[1]),
        remove: () => rmdirSync(folder),
      };
    } catch {
      // Not mounted, or not allowed.
    }
  }
  return undefined;
}
