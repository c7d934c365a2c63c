import { Worker } from "node:worker_threads";
import type { DatabaseReport } from "./database-worker.ts";

export interface Database {
  /**
   * Resolves with the value for the service's `DATABASE_URL` once the database accepts connections. Rejects if the
   * database cannot be opened.
   */
  readonly url: Promise<string>;
  /** Numbers of records of earlier runs, by the ARN of their KMS key. Rejects as `url` does. */
  readonly recordsByKey: Promise<Readonly<Record<string, number>>>;
  /** Closes the database, even while it is starting. May be called again. */
  readonly close: () => Promise<void>;
}

/**
 * Starts PostgreSQL in a worker thread, on a free loopback port: creating a database takes two seconds of
 * processor time, during which the lab loads its other parts.
 * @param folder data folder; created if it does not exist
 */
export function startDatabase(folder: string): Database {
  const worker = new Worker(new URL("database-worker.ts", import.meta.url), { workerData: folder });
  const exited = new Promise<void>((resolve) => {
    worker.once("exit", () => resolve());
  });
  const report = new Promise<DatabaseReport>((resolve) => {
    worker.once("message", resolve);
    worker.once("error", (error) => resolve({ error }));
  });
  let started = false;
  const opened = report.then((message) => {
    if ("url" in message) {
      started = true;
      return message;
    }
    const { error } = message;
    throw new Error(
      `Cannot open the lab's database in ${folder}: ${error instanceof Error ? error.message : error}. Choose another ` +
        "folder with --data DIR, or start with --fresh, which deletes the lab's data; copy the folder first if you need it.",
      { cause: error },
    );
  });
  const url = opened.then((message) => message.url);
  const recordsByKey = opened.then((message) => message.recordsByKey);
  // Ignore unhandled rejections: a start that fails before it needs the database reports its own error.
  for (const promise of [url, recordsByKey]) promise.catch(() => {});
  return {
    url,
    recordsByKey,
    close: async () => {
      if (started) worker.postMessage("close");
      else await worker.terminate();
      await exited;
    },
  };
}
