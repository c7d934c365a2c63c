import { statfsSync } from "node:fs";

const MB = 1_000_000;

/** Free space that a start needs. The database of a new lab takes 40 MB, and its compiled code 5 MB. */
const NEEDED_MB = { new: 100, existing: 20 };

const freeBytes = (folder: string) => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};

/**
 * Checks that the disk has enough free space to start a lab. On a full disk, PostgreSQL reports errors that look like
 * damaged data.
 * @param isNew whether the folder has no database yet
 * @throws Error with the free and the needed space
 */
export function requireDiskSpace(
  folder: string,
  { isNew, free = freeBytes }: { readonly isNew: boolean; readonly free?: typeof freeBytes },
): void {
  const needed = isNew ? NEEDED_MB.new : NEEDED_MB.existing;
  const available = Math.floor(free(folder) / MB);
  if (available >= needed) return;
  throw new Error(
    `The disk of ${folder} has ${available} MB free; ${isNew ? "a new lab" : "a lab with data"} needs ${needed} MB. ` +
      "Free some space, or choose a folder on another disk with --data DIR.",
  );
}

/**
 * Exits with 1 on an uncaught error, as Node does, and prints the next step instead of a stack trace if the disk is
 * full.
 * @param folder the lab's data folder, for the message
 */
export function exitOnFullDisk(folder: string): void {
  process.on("uncaughtException", (error: NodeJS.ErrnoException) => {
    console.error(
      error.code === "ENOSPC"
        ? `The disk of ${folder} is full, so the lab stopped (${error.message}). Its data is complete up to this point. ` +
            "Free some space, and start it again."
        : error,
    );
    process.exit(1);
  });
}
