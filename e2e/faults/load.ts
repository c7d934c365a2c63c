import { Agent, type IncomingHttpHeaders, request } from "node:http";

export interface LoadResponse {
  /** 0 when the connection failed. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export type Send = (path: string, body: unknown) => Promise<LoadResponse>;

/**
 * A client with kept-alive connections. Strings and bytes are sent as they are, everything else as JSON.
 * @param headers further headers of each request
 */
export function createClient(
  port: number,
  headers: Readonly<Record<string, string>> = {},
): { readonly send: Send; readonly close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  return {
    close: () => agent.destroy(),
    send: (path, body) =>
      new Promise((resolve) => {
        const isRaw = typeof body === "string" || body instanceof Uint8Array;
        const text = isRaw ? body : JSON.stringify(body);
        const failed = (error: Error) => resolve({ status: 0, headers: {}, text: error.message });
        const outgoing = request(
          {
            agent,
            host: "127.0.0.1",
            port,
            path,
            method: "POST",
            headers: {
              "Content-Type": "application/json",
              "Content-Length": Buffer.byteLength(text),
              ...headers,
            },
          },
          async (response) => {
            const chunks: Uint8Array[] = [];
            try {
              for await (const chunk of response) chunks.push(chunk);
            } catch (error) {
              return failed(error as Error);
            }
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString("utf8"),
            });
          },
        );
        outgoing.once("error", failed);
        outgoing.end(text);
      }),
  };
}

/** Longest time that a condition is waited for on a slow machine, in milliseconds. */
export const PATIENCE = 180_000;

/**
 * Runs work in this many lanes, each one piece after the other, until the time is over and `isEnough`, but no
 * longer than `PATIENCE` after the time.
 */
export async function inLanes(
  lanes: number,
  milliseconds: number,
  work: (lane: number) => Promise<void>,
  isEnough: () => boolean = () => true,
): Promise<void> {
  const end = performance.now() + milliseconds;
  const isOver = () => {
    const now = performance.now();
    return now >= end && (isEnough() || now >= end + PATIENCE);
  };
  const lane = async (index: number) => {
    while (!isOver()) await work(index);
  };
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
}

/** Counts by a label. */
export class Tally {
  readonly counts: Record<string, number> = {};

  add(label: string | number): void {
    this.counts[label] = (this.counts[label] ?? 0) + 1;
  }
}
