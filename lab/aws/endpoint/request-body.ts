import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { AwsError } from "../../../cloudwatch/aws-error.ts";

/** PutLogEvents accepts 1 MiB of messages, and JSON escapes can double or quadruple their size. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export interface RequestBody {
  readonly body: Uint8Array;
  /** Set if the body is rejected. Returned and not thrown, because the request's protocol must encode it. */
  readonly error?: AwsError;
}

/** Reads a request body of at most 4 MiB, and decompresses it if it is gzip. */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to the end even above the limit: a client whose upload is cut off would not read the response.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) return { body: Buffer.alloc(0), error: tooLarge() };
  const body = Buffer.concat(chunks);
  // The SDKs compress large PutMetricData requests.
  return request.headers["content-encoding"] === "gzip" ? decompress(body) : { body };
}

async function decompress(body: Buffer): Promise<RequestBody> {
  try {
    return { body: await promisify(gunzip)(body, { maxOutputLength: MAX_BODY_BYTES }) };
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    return {
      body: Buffer.alloc(0),
      error: isTooLarge
        ? tooLarge()
        : new AwsError("SerializationException", "The request body must be gzip."),
    };
  }
}

function tooLarge(): AwsError {
  return new AwsError(
    "RequestEntityTooLargeException",
    `The request must not be larger than ${MAX_BODY_BYTES} bytes.`,
    413,
  );
}
