import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A control group of the kernel that limits the processes in it, as a container does. */
export interface ControlGroup {
  /** A process in the group writes its id here. */
  readonly procs: string;
  /** Reads a file of the group. */
  readonly read: (file: string) => string;
  readonly remove: () => void;
}

/**
 * @param root where the kernel's controller is mounted
 * @param file the file that sets the limit
 * @returns undefined where there is no such controller, or where this process may not create control groups
 */
export function createControlGroup(
  root: string,
  file: string,
  limit: string,
): ControlGroup | undefined {
  const folder = join(root, `cipherwatch-${process.pid}-${performance.now().toFixed()}`);
  const remove = () => rmdirSync(folder);
  try {
    mkdirSync(folder);
    if (!existsSync(join(folder, file))) return void remove();
    writeFileSync(join(folder, file), limit);
  } catch {
    // Not mounted, or not allowed.
    return undefined;
  }
  return {
    procs: join(folder, "cgroup.procs"),
    read: (name) => readFileSync(join(folder, name), "utf8"),
    remove,
  };
}
