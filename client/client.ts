import { type ErrorCode, type ErrorResponse, type Operations, PATHS } from "./contract.ts";

export interface ClientOptions {
  /** URL of the service, such as `https://vault.example.com`. */
  readonly url: string;
  /** Returns an access token for each attempt, if the service identifies its callers. */
  readonly token?: () => string | Promise<string>;
  /** Number of times that a request is sent at most. 3 by default. */
  readonly attempts?: number;
  /** `globalThis.fetch` by default. */
  readonly fetch?: typeof fetch;
  /** Waits before a further attempt. By default, a timer. */
  readonly wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface CallOptions {
  /** Ends the call, also while it waits for a further attempt. */
  readonly signal?: AbortSignal;
}

type Method<Name extends keyof Operations> = (
  request: Operations[Name]["request"],
  options?: CallOptions,
) => Promise<Operations[Name]["response"]>;

/** One method for each operation of the service. @throws CipherwatchError, or what `fetch` throws */
export type Client = { readonly [Name in keyof Operations]: Method<Name> };

/** An error response. Its message contains neither the Name, the Text nor the Key. */
export class CipherwatchError extends Error {
  /** Undefined if something in front of the service answered, such as a load balancer. */
  readonly code: ErrorCode | undefined;
  /** HTTP status. */
  readonly status: number;
  /** Quote it to the operator of the service. */
  readonly requestId: string | undefined;

  constructor(status: number, body: Partial<ErrorResponse>) {
    super(body.Message ?? `The service is unavailable: HTTP ${status}.`);
    this.name = "CipherwatchError";
    this.status = status;
    this.code = body.Code;
    this.requestId = body.RequestId;
  }
}

/**
 * Creates a client. It uses only `fetch`, so it runs in Node, Deno, Bun and browsers.
 *
 * Sends a request again after a lost connection, 429, 502, 503 or 504, after the time that the service asks for.
 * All operations may be repeated: a repeated encrypt stores a second record, whose Key is the one returned.
 */
export function createClient(options: ClientOptions): Client {
  const method =
    <Name extends keyof Operations>(name: Name): Method<Name> =>
    (request, { signal } = {}) =>
      send(options, PATHS[name], request, signal);
  return { encrypt: method("encrypt"), decrypt: method("decrypt"), forget: method("forget") };
}

const MAY_REPEAT: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Milliseconds before a further attempt, if the response does not say. */
const PAUSE = 1_000;

async function send<T>(
  options: ClientOptions,
  path: string,
  request: object,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { attempts = 3, wait = pause } = options;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await sendOnce<T>(options, path, request, signal);
    if ("result" in outcome) return outcome.result;
    const { error, retryAfter } = outcome;
    if (retryAfter === undefined || attempt >= attempts || signal?.aborted) throw error;
    await wait(retryAfter, signal);
  }
}

type Attempt<T> =
  | { readonly result: T }
  /** `retryAfter`: milliseconds; undefined if another attempt would not help. */
  | { readonly error: unknown; readonly retryAfter?: number };

async function sendOnce<T>(
  { url, token, fetch = globalThis.fetch }: ClientOptions,
  path: string,
  request: object,
  signal: AbortSignal | undefined,
): Promise<Attempt<T>> {
  const headers = new Headers({ "Content-Type": "application/json" });
  if (token !== undefined) headers.set("Authorization", `Bearer ${await token()}`);
  const init = { method: "POST", headers, body: JSON.stringify(request), signal: signal ?? null };
  let response: Response;
  try {
    response = await fetch(url.replace(/\/+$/, "") + path, init);
    if (response.ok) return { result: (await response.json()) as T };
  } catch (error) {
    // Also after a response that was cut off, whose Key would be lost.
    return { error, retryAfter: PAUSE };
  }
  const body = (await response.json().catch(() => ({}))) as Partial<ErrorResponse>;
  const error = new CipherwatchError(response.status, body);
  if (!MAY_REPEAT.has(response.status)) return { error };
  return { error, retryAfter: Number(response.headers.get("Retry-After")) * 1_000 || PAUSE };
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
