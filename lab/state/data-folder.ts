import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createFolder } from "../../common/folder.ts";

/** Content of `endpoints.json` in the data folder of a running lab. */
export interface Endpoints {
  /** URLs without a trailing slash. */
  readonly service: string;
  readonly aws: string;
  readonly console: string;
  /** The lab's issuer of access tokens; absent while identity is off. */
  readonly issuer?: string | undefined;
  readonly pid: number;
}

/** A lab's data folder, locked until it is released or the process ends. */
export interface DataFolder {
  /** Returns the path of a file that survives restarts. */
  readonly file: (name: string) => string;
  readonly writeEndpoints: (endpoints: Endpoints) => void;
  readonly removeEndpoints: () => void;
  readonly release: () => void;
}

/** Returns the path of a file that survives restarts, in a lab's data folder. */
export function stateFile(folder: string, name: string): string {
  return join(folder, "state", name);
}

/**
 * Creates the folder if necessary and locks it.
 * @param fresh whether to delete the data of earlier labs, but no other files
 * @throws Error if another lab uses the folder, or it is not writable
 */
export function openDataFolder(path: string, fresh: boolean): DataFolder {
  const endpointsFile = join(path, "endpoints.json");
  const state = join(path, "state");
  let release = () => {};
  try {
    createFolder(path, 0o700);
    const unlock = lockFile(join(path, "lock"));
    if (unlock === undefined) throw folderInUse(path, endpointsFile);
    release = unlock;
    if (fresh) rmSync(state, { recursive: true, force: true });
    rmSync(endpointsFile, { force: true });
    mkdirSync(state, { recursive: true, mode: 0o700 });
    // Check the access, because the folder may exist and belong to another user.
    accessSync(state, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    release();
    if (error instanceof FolderInUse) throw error;
    throw new Error(
      `Cannot write the lab's data to ${path}: ${error instanceof Error ? error.message : error}. ` +
        "Choose a writable folder with --data DIR.",
      { cause: error },
    );
  }
  return {
    file: (name) => stateFile(path, name),
    writeEndpoints: (endpoints) => {
      // Write another file and rename it, so that no process reads an incomplete one.
      writeFileSync(`${endpointsFile}.new`, `${JSON.stringify(endpoints)}\n`);
      renameSync(`${endpointsFile}.new`, endpointsFile);
    },
    removeEndpoints: () => rmSync(endpointsFile, { force: true }),
    release,
  };
}

class FolderInUse extends Error {}

/** Returns the error with the process id and console URL of the other lab, unless it is still starting. */
function folderInUse(path: string, endpointsFile: string): FolderInUse {
  let details = "";
  try {
    const { pid, console: consoleUrl } = JSON.parse(
      readFileSync(endpointsFile, "utf8"),
    ) as Endpoints;
    details = ` (process ${pid}, console at ${consoleUrl})`;
  } catch {
    // A starting lab has not written its endpoints yet.
  }
  return new FolderInUse(
    `A lab is already running on ${path}${details}. Stop it, or choose another folder with --data DIR.`,
  );
}

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Locks a file until the process ends, even by `kill -9`, because two labs that write to one database corrupt it.
 * Node has no API for file locks, so an exclusive SQLite transaction takes the operating system's lock.
 * @returns a function that unlocks the file; undefined if another process has locked it
 */
function lockFile(file: string): (() => void) | undefined {
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return () => database.close();
  } catch (error) {
    database.close();
    if ((error as { readonly errcode?: unknown }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}
