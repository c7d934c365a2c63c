import { type ErrorCode, MEMBERS, type Operations, PATHS } from "./contract.ts";

export interface ClientOptions {
  /** URL of the service, such as `https://vault.example.com`. Redirects are not followed. */
  readonly url: string;
  /** Returns an access token for each attempt, if the service identifies its callers. */
  readonly token?: () => string | Promise<string>;
  /** Number of times that a request is sent at most. 3 by default. */
  readonly attempts?: number;
  /** Milliseconds after which an attempt without a complete response counts as lost. 30 seconds by default. */
  readonly timeout?: number;
  /** `globalThis.fetch` by default. */
  readonly fetch?: typeof fetch;
  /** Waits before a further attempt. By default, a timer. */
  readonly wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface CallOptions {
  /** Ends the call, also while it waits for a further attempt. */
  readonly signal?: AbortSignal;
}

type Operation = keyof Operations;

type Method<Name extends Operation> = (
  request: Operations[Name]["request"],
  options?: CallOptions,
) => Promise<Operations[Name]["response"]>;

/** One method for each operation of the service. @throws CipherwatchError, or what `fetch` throws */
export type Client = { readonly [Name in Operation]: Method<Name> };

/** A response other than the result. Its message contains neither the Name, the Text nor the Key. */
export class CipherwatchError extends Error {
  /** Undefined if something in front of the service answered, such as a load balancer. */
  readonly code: ErrorCode | undefined;
  /** HTTP status. 0 in browsers if the server redirects. */
  readonly status: number;
  /** Quote it to the operator of the service. */
  readonly requestId: string | undefined;
  /** Seconds to wait before the request is sent again, if the response says. */
  readonly retryAfter: number | undefined;

  constructor(status: number, message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = "CipherwatchError";
    this.status = status;
    this.code = details.code;
    this.requestId = details.requestId;
    this.retryAfter = details.retryAfter;
  }
}

type ErrorDetails = Partial<Pick<CipherwatchError, "code" | "requestId" | "retryAfter">>;

/**
 * Creates a client. It uses only `fetch`, so it runs in Node, Deno, Bun and browsers.
 *
 * Sends a request again after a lost connection, 429, 502, 503 or 504, after the time that the service asks for, up to a
 * minute. All operations may be repeated: a repeated encrypt stores a second record, whose Key is the one returned.
 */
export function createClient(options: ClientOptions): Client {
  const method =
    <Name extends Operation>(name: Name): Method<Name> =>
    (request, { signal } = {}) =>
      send(options, name, request, signal);
  return { encrypt: method("encrypt"), decrypt: method("decrypt"), forget: method("forget") };
}

const MAY_REPEAT: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Milliseconds before a further attempt, if the response does not say. */
const PAUSE = 1_000;

/** The longest time to wait for a further attempt, in milliseconds. A quota of the day can ask for hours. */
const LONGEST_PAUSE = 60_000;

const TIMEOUT = 30_000;

async function send<Name extends Operation>(
  options: ClientOptions,
  name: Name,
  request: object,
  signal: AbortSignal | undefined,
): Promise<Operations[Name]["response"]> {
  const { attempts = 3, wait = pause } = options;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await sendOnce(options, name, request, signal);
    if ("result" in outcome) return outcome.result;
    const { error, repeatAfter } = outcome;
    if (repeatAfter === undefined || attempt >= attempts || signal?.aborted) throw error;
    await wait(repeatAfter, signal);
  }
}

type Attempt<T> =
  | { readonly result: T }
  /** `repeatAfter`: milliseconds; undefined if another attempt would not help. */
  | { readonly error: unknown; readonly repeatAfter?: number };

async function sendOnce<Name extends Operation>(
  { url, token, timeout = TIMEOUT, fetch = globalThis.fetch }: ClientOptions,
  name: Name,
  request: object,
  signal: AbortSignal | undefined,
): Promise<Attempt<Operations[Name]["response"]>> {
  const headers = new Headers({ "Content-Type": "application/json" });
  if (token !== undefined) headers.set("Authorization", `Bearer ${visible(await token())}`);
  const expiry = AbortSignal.timeout(timeout);
  const init: RequestInit = {
    method: "POST",
    headers,
    body: JSON.stringify(request),
    // Following it would send the Text and the Key to another address.
    redirect: "manual",
    signal: signal === undefined ? expiry : AbortSignal.any([signal, expiry]),
  };
  let response: Response;
  let text: string;
  try {
    response = await fetch(url.replace(/\/+$/, "") + PATHS[name], init);
    // The status of an error is enough.
    text = response.ok ? await response.text() : await response.text().catch(() => "");
  } catch (error) {
    return { error, repeatAfter: PAUSE };
  }
  const body = parseObject(text);
  if (!response.ok) return failureOf(response, body ?? {});
  if (body === undefined) {
    // The response may have been cut off, and its Key would be lost.
    return { error: foreign(response.status), repeatAfter: PAUSE };
  }
  return isResponse(name, body) ? { result: body } : { error: foreign(response.status) };
}

function isResponse<Name extends Operation>(
  name: Name,
  body: Readonly<Record<string, unknown>> | Operations[Name]["response"],
): body is Operations[Name]["response"] {
  const values = new Map<string, unknown>(Object.entries(body));
  return MEMBERS[name].every((member) => typeof values.get(member) === "string");
}

function failureOf(response: Response, body: Readonly<Record<string, unknown>>): Attempt<never> {
  const { status, type } = response;
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    const message = "The server redirects, which the client does not follow; correct its url.";
    return { error: new CipherwatchError(status, message) };
  }
  const { Message, Code, RequestId } = body;
  const retryAfter = Number(response.headers.get("Retry-After")) || undefined;
  const message =
    typeof Message === "string" ? Message : `The service is unavailable: HTTP ${status}.`;
  const error = new CipherwatchError(status, message, {
    code: typeof Code === "string" ? (Code as ErrorCode) : undefined,
    requestId: typeof RequestId === "string" ? RequestId : undefined,
    retryAfter,
  });
  const repeatAfter = retryAfter === undefined ? PAUSE : retryAfter * 1_000;
  if (!MAY_REPEAT.has(status) || repeatAfter > LONGEST_PAUSE) return { error };
  return { error, repeatAfter };
}

function foreign(status: number): CipherwatchError {
  return new CipherwatchError(
    status,
    `The response with HTTP ${status} is not from Cipherwatch; check the url.`,
  );
}

/** @returns undefined if the text is not a JSON object. Drops the message of the parser, which repeats the text. */
function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Checks a token before `Headers` does, whose error would repeat it. */
function visible(token: string): string {
  const trimmed = token.trim();
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw new TypeError(
    `token() returned ${token.length} characters that are no access token; allowed are visible ASCII characters, without blanks and line breaks.`,
  );
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
