import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Creates a folder and its missing parents. `mkdirSync` with `recursive` never returns within /proc.
 * @param mode permissions of the folders that are created; 0o777 without the umask by default
 */
export function createFolder(path: string, mode?: number): void {
  const absolute = resolve(path);
  if (isFolder(absolute)) return;
  createFolder(dirname(absolute), mode);
  try {
    mkdirSync(absolute, { mode });
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!isFolder(absolute)) throw error;
  }
}

const isFolder = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * Creates the folder that a command writes to.
 * @param contents what the command writes, such as "the package"
 * @param option what chooses another folder, such as "--out FOLDER"
 * @throws Error with the path, the reason and the option, if the folder cannot be created or is not writable
 */
export function createOutputFolder(path: string, contents: string, option: string): void {
  try {
    createFolder(path);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Error(
      `Cannot write ${contents} to ${path}: ${reason}. Choose a writable folder with ${option}.`,
      { cause: error },
    );
  }
}
