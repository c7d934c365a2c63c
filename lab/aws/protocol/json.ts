import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, AwsValue, Service } from "../shared/operation.ts";
import type { WireRequest } from "./protocol.ts";
import { errorDocument } from "./query-codes.ts";

/**
 * Reads an AWS JSON 1.0 or 1.1 request: the operation is in `X-Amz-Target`, timestamps are epoch
 * seconds, blobs are base64.
 * @see https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
export function jsonRequest(request: {
  readonly service: Service | undefined;
  readonly operation: string;
  readonly displayName: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}): WireRequest {
  const { service, operation, displayName, body } = request;
  const version = request.contentType.includes("json-1.0") ? "1.0" : "1.1";
  const headers = { "content-type": `application/x-amz-json-${version}` };
  return {
    service,
    operation,
    displayName,
    input: () => readJson(body),
    success: (output) => ({ status: 200, headers, body: JSON.stringify(toJson(output)) }),
    failure: (error) => {
      const { headers: errorHeaders, document } = errorDocument(service, error);
      return {
        status: error.status,
        headers: { ...headers, ...errorHeaders },
        body: JSON.stringify(document),
      };
    },
  };
}

/** More than any AWS request needs; rejects nesting that would overflow the stack. */
const MAX_DEPTH = 64;

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeper(member, depth - 1));
}

function readJson(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    // Do not include the parser's message: it quotes the body, which may hold a plaintext.
    throw new AwsError("SerializationException", "The request body must be JSON encoded as UTF-8.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AwsError("SerializationException", "The request body must be a JSON object.");
  }
  if (isDeeper(value, MAX_DEPTH)) {
    throw new AwsError(
      "SerializationException",
      `The request body must not nest deeper than ${MAX_DEPTH} levels.`,
    );
  }
  return value;
}

function toJson(value: AwsValue): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === "object" && value !== null) return membersToJson(value as AwsStructure);
  return value;
}

function membersToJson(structure: AwsStructure): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(structure).flatMap(([name, member]) =>
      member === undefined ? [] : [[name, toJson(member)]],
    ),
  );
}
