import { Worker } from "node:worker_threads";
import type { ScanPlan } from "../evaluate/scan.ts";
import type { Batch } from "./scan-files.ts";
import { workerProgram } from "./worker-program.ts";

/** Limits of a batch for a worker: large enough to keep it busy, small enough to distribute the work evenly. */
const BATCH_FILES = 128;
const BATCH_BYTES = 2 * 1024 * 1024;

/** Number of files in a batch until the size of some files is known. */
const FIRST_BATCH_FILES = 8;

/** A worker scans one batch while the next one is queued. */
const BATCHES_PER_WORKER = 2;

/**
 * Scans files on worker threads, in no particular order.
 * @param files lists of paths
 * @throws Error of the walk or of a worker. All workers have ended when the promise settles.
 */
export async function scanFiles({
  plan,
  workers,
  files,
  onBatch,
}: {
  readonly plan: ScanPlan;
  /** At least 1. */
  readonly workers: number;
  readonly files: AsyncIterable<readonly string[]>;
  readonly onBatch: (batch: Batch) => void;
}): Promise<void> {
  const threads = Array.from({ length: workers }, () => startWorker(plan));
  const free = threads.flatMap((thread) => Array<Thread>(BATCHES_PER_WORKER).fill(thread));
  const failures = Promise.race(threads.map(({ failed }) => failed));
  const running = new Set<Promise<void>>();

  const done = { files: 0, bytes: 0 };

  async function run(batch: readonly string[]): Promise<void> {
    const thread = free.shift();
    if (thread === undefined) throw new Error("No worker is free to scan a batch.");
    const result = await thread.scan(batch);
    done.files += batch.length;
    done.bytes += result.bytes;
    onBatch(result);
    free.push(thread);
  }

  /** Estimates the number of files whose total size is about `BATCH_BYTES`. */
  function batchFiles(): number {
    if (done.bytes === 0) return FIRST_BATCH_FILES;
    const files = Math.round((BATCH_BYTES * done.files) / done.bytes);
    return Math.min(Math.max(files, 1), BATCH_FILES);
  }

  async function runAll(): Promise<void> {
    for await (const batch of batches(files, batchFiles)) {
      while (free.length === 0) await Promise.race(running);
      const task = run(batch).finally(() => running.delete(task));
      running.add(task);
      task.catch(() => {}); // reported by the other awaits
    }
    await Promise.all(running);
  }

  try {
    await Promise.race([runAll(), failures]);
  } finally {
    await Promise.all(threads.map(({ stop }) => stop()));
  }
}

interface Thread {
  readonly scan: (files: readonly string[]) => Promise<Batch>;
  /** Rejects if the worker fails; never resolves. */
  readonly failed: Promise<never>;
  readonly stop: () => Promise<unknown>;
}

function startWorker(plan: ScanPlan): Thread {
  const { url, data, execArgv } = workerProgram();
  const worker = new Worker(url, {
    workerData: { plan, ...data },
    execArgv: [...execArgv],
    // Records become garbage right after they are scanned. A larger young generation promotes fewer of them.
    resourceLimits: { maxYoungGenerationSizeMb: 32, maxOldGenerationSizeMb: 128 },
  });
  const pending: ((batch: Batch) => void)[] = [];
  worker.on("message", (batch: Batch) => pending.shift()?.(batch));
  const failed = new Promise<never>((_, reject) => worker.on("error", reject));
  failed.catch(() => {});
  return {
    scan: (files) =>
      new Promise((resolve) => {
        pending.push(resolve);
        worker.postMessage(files);
      }),
    failed,
    stop: () => worker.terminate(),
  };
}

/** @param size returns the number of files of the next batch */
async function* batches(
  files: AsyncIterable<readonly string[]>,
  size: () => number,
): AsyncGenerator<readonly string[], void> {
  let rest: readonly string[] = [];
  for await (const list of files) {
    const paths = [...rest, ...list];
    let from = 0;
    for (let count = size(); from + count <= paths.length; count = size()) {
      yield paths.slice(from, from + count);
      from += count;
    }
    rest = paths.slice(from);
  }
  if (rest.length > 0) yield rest;
}
