import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { z } from "zod";
import type { Admission } from "./admission.ts";
import { Problem, type ProblemCode } from "./problem.ts";
import type { MetricValues } from "./telemetry.ts";

/** Facts about a request that are safe to log: none of them is caller input. */
export interface RequestFacts {
  /** Request id of the last KMS call, which links a log line to its CloudTrail event. */
  kmsRequestId?: string | undefined;
  /** Opaque id of the authenticated client. */
  client?: string;
  /** Percentage of its decrypts of the day that the client has used. */
  dayQuotaUsed?: number;
  /** Error code returned to the caller. */
  code?: ProblemCode;
  /** Error code of the dependency that failed, or why the access token was rejected. */
  reason?: string;
  /** How tampering with the requested record was detected. */
  tampered?: string;
  /** Why the requested record cannot be decrypted with the service's settings. */
  unreadable?: string;
  metrics: MetricValues;
}

export interface RequestEnv {
  /** Absent without a server, as in `app.request()`. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    /** Aborts at the request's deadline. */
    deadline: AbortSignal;
    /** Accounts for the request's memory. */
    admission: Admission;
    facts: RequestFacts;
    /** Opaque id of the authenticated client; absent while identity is off. */
    client: string | undefined;
  };
}

export type RequestContext = Context<RequestEnv>;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a JSON body, then takes a slot to work on it and validates it against a schema whose members are
 * all strings.
 * @param limit maximum size of the body in bytes; reading stops there
 * @throws Problem 400, 413, 415, 422 or 429; the message may name a member but never repeats a value
 */
export async function readJson<
  Schema extends z.ZodType<Readonly<Record<string, string | undefined>>>,
>(context: RequestContext, schema: Schema, limit: number): Promise<z.output<Schema>> {
  requireJson(context);
  const bytes = await readBody(context, limit);
  context.get("admission").begin(bytes.length);
  const json = decode(bytes);
  const parsed = schema.safeParse(parseJson(json));
  if (parsed.success) {
    // JSON.parse keeps the last of duplicate members; a proxy in front may have checked the first.
    if (countStrings(json) !== 2 * Object.keys(parsed.data).length) {
      throw new Problem("InvalidRequest", "The body must not contain a member twice.");
    }
    return parsed.data;
  }
  const issues = parsed.error.issues.map(({ path, message }) =>
    [...path.map(String), message].join(" "),
  );
  throw new Problem("InvalidRequest", `${issues.join("; ")}.`);
}

function requireJson(context: RequestContext): void {
  const type = context.req.header("Content-Type");
  const encoding = context.req.header("Content-Encoding");
  if (!/^application\/json[ \t]*(;[ \t]*charset="?utf-?8"?[ \t]*)?$/i.test(type ?? "")) {
    throw new Problem(
      "UnsupportedMediaType",
      `The Content-Type must be application/json (charset UTF-8 only), but is ${quoted(type)}.`,
    );
  }
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new Problem(
      "UnsupportedMediaType",
      `The body must not have a Content-Encoding, but has ${quoted(encoding)}.`,
    );
  }
}

function quoted(header: string | undefined): string {
  if (header === undefined) return "missing";
  return JSON.stringify(header.length <= 100 ? header : `${header.slice(0, 100)}…`);
}

async function readBody(context: RequestContext, limit: number): Promise<Buffer> {
  const announced = Number(context.req.header("Content-Length") ?? 0);
  if (announced > limit) throw tooLarge(`is ${announced} bytes`, limit);
  const { deadline, admission } = context.var;
  // By now, Node has parsed what arrived with the headers.
  await undefined;
  const incoming: IncomingMessage | undefined = context.env?.incoming;
  if (incoming?.complete) return readWhole(incoming, limit, admission);
  admission.awaitBody();
  // Node never ends a body that stopped arriving, not even after the response.
  const expired = new Promise<never>((_, reject) => {
    deadline.addEventListener("abort", () => reject(deadline.reason), { once: true });
  });
  const chunks: Uint8Array[] = [];
  // `expired` keeps what the race resolves to until the request ends.
  await Promise.race([collect(bodyOf(context), limit, admission, chunks), expired]);
  return Buffer.concat(chunks);
}

/** Reads a body that has arrived as a whole, as most do: iterating over it takes ten times as long. */
function readWhole(incoming: IncomingMessage, limit: number, { receive }: Admission): Buffer {
  // The client may have gone while the request waited for a quota. Nobody would learn the result of the work.
  if (incoming.socket.destroyed) throw connectionClosed();
  const body: Buffer = incoming.read() ?? Buffer.alloc(0);
  if (body.length > limit) throw tooLarge("is too large", limit);
  receive(body.length);
  return body;
}

async function collect(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  { receive }: Admission,
  chunks: Uint8Array[],
): Promise<void> {
  let size = 0;
  receive(size);
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > limit) break;
      receive(size);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw connectionClosed();
  }
  if (size > limit) throw tooLarge("is too large", limit);
}

/**
 * Reads the body from Node's request where there is one: the Fetch API has no bodies for GET, which the
 * API accepts.
 */
function bodyOf({ env, req }: RequestContext): AsyncIterable<Uint8Array> {
  const incoming: IncomingMessage | undefined = env?.incoming;
  // Leaving the loop early must not destroy the connection: the response still has to be sent.
  if (incoming !== undefined) return incoming.iterator({ destroyOnReturn: false });
  return req.raw.body ?? new ReadableStream({ start: (controller) => controller.close() });
}

function connectionClosed(): Problem {
  return new Problem("MalformedJson", "The connection closed before the body was read.");
}

function tooLarge(size: string, limit: number): Problem {
  return new Problem("PayloadTooLarge", `The body ${size}; the maximum is ${limit} bytes.`);
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed();
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw malformed();
  }
}

/** Does not forward the message of the parser or the decoder: both repeat caller input. */
function malformed(): Problem {
  return new Problem("MalformedJson", "The body is not valid JSON in UTF-8.");
}

/** @returns the number of string literals, member names included, in valid JSON */
function countStrings(json: string): number {
  let count = 0;
  for (let start = json.indexOf('"'); start !== -1; start = json.indexOf('"', start + 1)) {
    count += 1;
    do start = json.indexOf('"', start + 1);
    while (isEscaped(json, start));
  }
  return count;
}

/** Whether an odd number of backslashes precedes the character. */
function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json[first - 1] === "\\") first -= 1;
  return (at - first) % 2 === 1;
}
