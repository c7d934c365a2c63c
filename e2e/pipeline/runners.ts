import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

/**
 * Folders for jobs. As with GitHub's runners, one job after the other has the same path and starts empty. Node caches
 * compiled code by path, and compiling takes most of the CPU of the scripts.
 */
export interface Runners {
  /** Runs a job in an empty folder that no other job uses meanwhile. */
  readonly use: <T>(job: (folder: string) => Promise<T>) => Promise<T>;
}

/** @param root folder that the caller removes at the end */
export function makeRunners(root: string): Runners {
  const idle: string[] = [];
  let runners = 0;
  let jobs = 0;
  return {
    use: async (job) => {
      const folder = idle.pop() ?? join(root, `runner-${++runners}`);
      mkdirSync(folder, { recursive: true });
      try {
        return await job(folder);
      } finally {
        // Not removed yet: without a journal, ext4 searches long for inodes if many were freed in the last minute.
        renameSync(folder, join(root, `job-${++jobs}`));
        idle.push(folder);
      }
    },
  };
}
