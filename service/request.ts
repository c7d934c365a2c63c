import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { z } from "zod";
import { Problem, type ProblemCode } from "./problem.ts";
import type { MetricValues } from "./telemetry.ts";

/** What is known of a request besides what its caller sent. */
export interface RequestFacts {
  /** Of the last KMS call: the way from a log line to the event in CloudTrail. */
  kmsRequestId?: string | undefined;
  /** Why it failed. */
  code?: ProblemCode;
  /** The dependency's own name for why. */
  reason?: string;
  /** How the record that was asked for was found to be changed. */
  tampered?: string;
  metrics: MetricValues;
}

export interface RequestEnv {
  /** Absent where there is no port, as in `app.request()`. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    /** Aborts when the request's deadline has passed. */
    deadline: AbortSignal;
    facts: RequestFacts;
  };
}

export type RequestContext = Context<RequestEnv>;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The body of a request, once it is what the schema says.
 * @param limit bytes of body; no more than that is read
 * @throws Problem 400, 413, 415 or 422, which name a member but repeat no value
 */
export async function readJson<Schema extends z.ZodType>(
  context: RequestContext,
  schema: Schema,
  limit: number,
): Promise<z.output<Schema>> {
  requireJson(context);
  const bytes = await readBody(context, limit);
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(({ path, message }) =>
    [...path.map(String), message].join(" "),
  );
  throw new Problem("InvalidRequest", `${complaints.join("; ")}.`);
}

function requireJson(context: RequestContext): void {
  const type = context.req.header("Content-Type");
  const encoding = context.req.header("Content-Encoding");
  if (!/^application\/json[ \t]*(;[ \t]*charset="?utf-?8"?[ \t]*)?$/i.test(type ?? "")) {
    throw new Problem(
      "UnsupportedMediaType",
      `The Content-Type must be application/json, in UTF-8 if it names a charset, but is ${shown(type)}.`,
    );
  }
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new Problem(
      "UnsupportedMediaType",
      `The body must be sent without a Content-Encoding, but has ${shown(encoding)}.`,
    );
  }
}

function shown(header: string | undefined): string {
  if (header === undefined) return "missing";
  return JSON.stringify(header.length <= 100 ? header : `${header.slice(0, 100)}…`);
}

async function readBody(context: RequestContext, limit: number): Promise<Buffer> {
  const announced = Number(context.req.header("Content-Length") ?? 0);
  if (announced > limit) throw tooLarge(`has ${announced}`, limit);
  const deadline = context.get("deadline");
  // Node does not end a body that stopped coming, not even when the request was answered.
  const passed = new Promise<never>((_, reject) => {
    deadline.addEventListener("abort", () => reject(deadline.reason), { once: true });
  });
  return await Promise.race([collect(bodyOf(context), limit), passed]);
}

async function collect(body: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > limit) break;
      chunks.push(chunk);
    }
  } catch {
    throw new Problem("MalformedJson", "The connection ended before the body did.");
  }
  if (size > limit) throw tooLarge("has too many", limit);
  return Buffer.concat(chunks);
}

/**
 * A GET has a body too, which the Fetch API has no way to say: where there is a port, the body comes
 * from Node's own request.
 */
function bodyOf({ env, req }: RequestContext): AsyncIterable<Uint8Array> {
  const incoming: IncomingMessage | undefined = env?.incoming;
  // Leaving the loop must not destroy the connection that the answer goes out on.
  if (incoming !== undefined) return incoming.iterator({ destroyOnReturn: false });
  return req.raw.body ?? new ReadableStream({ start: (controller) => controller.close() });
}

function tooLarge(size: string, limit: number): Problem {
  return new Problem("PayloadTooLarge", `The body ${size} bytes; ${limit} are allowed.`);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    // Neither error's message is passed on: both repeat what was sent.
    throw new Problem("MalformedJson", "The body must be JSON in UTF-8, and is not.");
  }
}
