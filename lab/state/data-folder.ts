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

/** Where a running lab answers, as `endpoints.json` in its data folder says. */
export interface Endpoints {
  readonly service: string;
  readonly aws: string;
  readonly console: string;
  readonly pid: number;
}

/** The lab's data folder: what it remembers, and where it answers while it runs. */
export interface DataFolder {
  /** The path of a thing that it remembers. */
  readonly file: (name: string) => string;
  readonly announce: (endpoints: Endpoints) => void;
  readonly withdraw: () => void;
  /** Lets the next lab have the folder. */
  readonly release: () => void;
}

/**
 * Makes the folder this lab's own, until it is released or the process ends.
 * @param fresh deletes what an earlier lab left there, and nothing else
 * @throws Error when a lab is starting or running on the same folder, or nothing can be written there
 */
export function openDataFolder(path: string, fresh: boolean): DataFolder {
  const endpoints = join(path, "endpoints.json");
  const state = join(path, "state");
  let release = () => {};
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const lock = lockFile(join(path, "lock"));
    if (lock === undefined) throw inUse(path, endpoints);
    release = lock;
    if (fresh) rmSync(state, { recursive: true, force: true });
    rmSync(endpoints, { force: true });
    mkdirSync(state, { recursive: true, mode: 0o700 });
    // It may be there and somebody else's, as after a run as another user.
    accessSync(state, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    release();
    if (error instanceof FolderInUse) throw error;
    throw new Error(
      `The lab cannot keep its state in ${path}: ${error instanceof Error ? error.message : error}. ` +
        "Name a folder that you may write to with --data DIR.",
      { cause: error },
    );
  }
  return {
    file: (name) => join(state, name),
    announce: (value) => {
      writeFileSync(`${endpoints}.new`, `${JSON.stringify(value)}\n`);
      renameSync(`${endpoints}.new`, endpoints);
    },
    withdraw: () => rmSync(endpoints, { force: true }),
    release,
  };
}

class FolderInUse extends Error {}

/** Names the lab that has the folder, unless it is only just starting. */
function inUse(path: string, endpoints: string): FolderInUse {
  let who = "";
  try {
    const { pid, console: page } = JSON.parse(readFileSync(endpoints, "utf8")) as Endpoints;
    who = `: process ${pid}, its console at ${page}`;
  } catch {
    // It has not said yet.
  }
  return new FolderInUse(
    `A lab is already running on ${path}${who}. Stop it, or give this one another folder with --data DIR.`,
  );
}

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Locks a file until the process ends, however it ends: two labs that write one database destroy it.
 * Node has no file locks of its own; SQLite's are the operating system's, and nothing is stored.
 * @returns how to unlock it; undefined when it is locked already
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
