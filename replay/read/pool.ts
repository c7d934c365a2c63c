import { Worker } from "node:worker_threads";
import type { ScanPlan } from "../evaluate/scan.ts";
import type { Batch } from "./scan-files.ts";
import type { SourceFile } from "./walk.ts";
import { workerProgram } from "./worker-program.ts";

/** Files sent to a worker at a time: enough to keep it busy, few enough to share the work evenly. */
const BATCH_FILES = 32;
const BATCH_BYTES = 4 * 1024 * 1024;

/** One being scanned and one queued. */
const BATCHES_PER_WORKER = 2;

/**
 * Scans files on worker threads, in no particular order.
 * @param onBatch receives each batch's findings and the size of its files on disk
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
  readonly files: AsyncIterable<SourceFile>;
  readonly onBatch: (batch: Batch, bytes: number) => void;
}): Promise<void> {
  const threads = Array.from({ length: workers }, () => startWorker(plan));
  const free = threads.flatMap((thread) => Array<Thread>(BATCHES_PER_WORKER).fill(thread));
  const failures = Promise.race(threads.map(({ failed }) => failed));
  const running = new Set<Promise<void>>();

  async function run(batch: readonly SourceFile[]): Promise<void> {
    const thread = free.shift();
    if (thread === undefined) throw new Error("No worker is free to scan a batch.");
    const result = await thread.scan(batch.map(({ path }) => path));
    onBatch(
      result,
      batch.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    free.push(thread);
  }

  async function runAll(): Promise<void> {
    for await (const batch of batches(files)) {
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
    // Records are garbage right after they are scanned: a larger young generation promotes fewer of them.
    resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 128 },
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

async function* batches(
  files: AsyncIterable<SourceFile>,
): AsyncGenerator<readonly SourceFile[], void> {
  let batch: SourceFile[] = [];
  let bytes = 0;
  for await (const file of files) {
    batch.push(file);
    bytes += file.bytes;
    if (batch.length < BATCH_FILES && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
