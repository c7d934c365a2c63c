import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Folders for jobs. As with GitHub's runners, one job after the other has the same path and starts empty. Node caches
 * compiled code by path, and compiling takes most of the CPU of the scripts.
 */
export interface Runners {
  /** Runs a job in an empty folder that no other job uses meanwhile. */
  readonly use: <T>(job: (folder: string) => Promise<T>) => Promise<T>;
}

export function makeRunners(root: string): Runners {
  const idle: string[] = [];
  let count = 0;
  return {
    use: async (job) => {
      const folder = idle.pop() ?? join(root, String(++count));
      await rm(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      try {
        return await job(folder);
      } finally {
        idle.push(folder);
      }
    },
  };
}
