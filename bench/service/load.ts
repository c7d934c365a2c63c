import { setTimeout as delay } from "node:timers/promises";
import type { Response } from "./client.ts";

/** Sends one request. */
export type Request = () => Promise<Response>;

export interface Measurement {
  /** Successful requests per second. */
  readonly throughput: number;
  /** Milliseconds of each successful request. */
  readonly latencies: readonly number[];
  /** Number of responses by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Whether each 429 and 503 had a Retry-After. */
  readonly saysWhenToRetry: boolean;
}

/** Sends requests over this many connections, each as soon as the one before is answered. */
export async function closedLoop(
  connections: number,
  milliseconds: number,
  request: Request,
): Promise<Measurement> {
  const recorder = createRecorder();
  const end = performance.now() + milliseconds;
  const lane = async () => {
    while (performance.now() < end) await recorder.record(request);
  };
  await Promise.all(Array.from({ length: connections }, lane));
  return recorder.result();
}

/** Sends this many requests per second, however long the responses take. */
export async function openLoop(
  rate: number,
  milliseconds: number,
  request: Request,
): Promise<Measurement> {
  const recorder = createRecorder();
  const started = performance.now();
  const pending: Promise<void>[] = [];
  for (let elapsed = 0; elapsed < milliseconds; elapsed = performance.now() - started) {
    while (pending.length < (elapsed / 1_000) * rate) pending.push(recorder.record(request));
    await delay(2);
  }
  const measured = recorder.result();
  await Promise.all(pending);
  return { ...recorder.result(), throughput: measured.throughput };
}

function createRecorder() {
  const latencies: number[] = [];
  const statuses: Record<number, number> = {};
  let saysWhenToRetry = true;
  const startedAt = performance.now();
  return {
    async record(request: Request): Promise<void> {
      const sentAt = performance.now();
      const response = await request();
      const { status } = response;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === 200) latencies.push(performance.now() - sentAt);
      else if (status === 429 || status === 503) {
        saysWhenToRetry &&= response.saysWhenToRetry;
      }
    },
    result: (): Measurement => ({
      throughput: (latencies.length * 1_000) / (performance.now() - startedAt),
      latencies: [...latencies],
      statuses: { ...statuses },
      saysWhenToRetry,
    }),
  };
}

/** @returns the value that this share of the values does not exceed */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
