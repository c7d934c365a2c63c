import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a running lab answers, as `endpoints.json` in its data folder says. */
export interface Endpoints {
  readonly service: string;
  readonly aws: string;
  readonly console: string;
  readonly pid: number;
}

/** The lab's data folder: what it remembers, and where it answers while it runs. */
export interface Folder {
  /** The path of a thing that it remembers. */
  readonly file: (name: string) => string;
  readonly announce: (endpoints: Endpoints) => void;
  readonly withdraw: () => void;
}

/**
 * Makes the folder this lab's own.
 * @param fresh deletes what an earlier lab left there, and nothing else
 * @throws Error when a lab is running on the same folder
 */
export async function claimFolder(path: string, fresh: boolean): Promise<Folder> {
  const endpoints = join(path, "endpoints.json");
  const running = await runningLab(endpoints);
  if (running !== undefined) {
    throw new Error(
      `A lab is already running on ${path}: process ${running.pid}, its console at ${running.console}. ` +
        "Stop it, or give this one another folder with --data DIR.",
    );
  }
  const state = join(path, "state");
  if (fresh) rmSync(state, { recursive: true, force: true });
  rmSync(endpoints, { force: true });
  mkdirSync(state, { recursive: true, mode: 0o700 });
  return {
    file: (name) => join(state, name),
    announce: (value) => {
      writeFileSync(`${endpoints}.new`, `${JSON.stringify(value)}\n`);
      renameSync(`${endpoints}.new`, endpoints);
    },
    withdraw: () => rmSync(endpoints, { force: true }),
  };
}

/** The lab that wrote the file, if it still answers: after a `kill -9` the file stays behind. */
async function runningLab(file: string): Promise<Endpoints | undefined> {
  try {
    const endpoints = JSON.parse(readFileSync(file, "utf8")) as Endpoints;
    const answer = await fetch(`${endpoints.console}/api/state`, {
      signal: AbortSignal.timeout(2_000),
    });
    const { pid } = (await answer.json()) as { pid?: unknown };
    return pid === endpoints.pid ? endpoints : undefined;
  } catch {
    return undefined;
  }
}
