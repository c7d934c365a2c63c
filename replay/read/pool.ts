import { Worker } from "node:worker_threads";
import type { ScanPlan } from "../evaluate/scan.ts";
import { BOOT, stripped } from "./stripped.ts";
import type { SourceFile } from "./walk.ts";
import type { Batch } from "./worker.ts";

const ENTRY = new URL("worker.ts", import.meta.url);

/** Files that go to a worker at a time: enough that it is not kept waiting, few enough to share well. */
const BATCH_FILES = 32;
const BATCH_BYTES = 4 * 1024 * 1024;

/** One at work, one waiting. */
const BATCHES_PER_WORKER = 2;

/**
 * Reads files on worker threads. Which worker has which file, and when it is done, is left to chance.
 * @param onBatch is given each batch's findings and the bytes of its files on disk
 * @throws Error of the walk or of a worker; all workers have ended when this settles
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
  const sources = stripped(ENTRY);
  const threads = Array.from({ length: workers }, () => startWorker(plan, sources));
  const free = threads.flatMap((thread) => Array<Thread>(BATCHES_PER_WORKER).fill(thread));
  const failures = Promise.race(threads.map(({ failed }) => failed));
  const running = new Set<Promise<void>>();

  async function run(batch: readonly SourceFile[]): Promise<void> {
    const thread = free.shift();
    if (thread === undefined) throw new Error("A batch was started with every worker taken.");
    const findings = await thread.scan(batch.map(({ path }) => path));
    onBatch(
      findings,
      batch.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    free.push(thread);
  }

  async function runAll(): Promise<void> {
    for await (const batch of batches(files)) {
      while (free.length === 0) await Promise.race(running);
      const work = run(batch).finally(() => running.delete(work));
      running.add(work);
      work.catch(() => {}); // told by the others that are awaited
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
  /** Never resolves. */
  readonly failed: Promise<never>;
  readonly stop: () => Promise<unknown>;
}

function startWorker(plan: ScanPlan, sources: ReadonlyMap<string, string>): Thread {
  const worker = new Worker(BOOT, {
    eval: true,
    workerData: { plan, sources, entry: ENTRY.href },
    // Records are garbage as soon as they were looked at: more room for the young keeps few old.
    resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 128 },
  });
  const waiting: ((batch: Batch) => void)[] = [];
  worker.on("message", (batch: Batch) => waiting.shift()?.(batch));
  const failed = new Promise<never>((_, reject) => worker.on("error", reject));
  failed.catch(() => {});
  return {
    scan: (files) =>
      new Promise((resolve) => {
        waiting.push(resolve);
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
