import { cbor, tag, tagSymbol } from "@smithy/core/cbor";
import { NumericValue } from "@smithy/core/serde";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, AwsValue, Service } from "../shared/operation.ts";
import type { WireRequest } from "./protocol.ts";
import { errorDocument } from "./query-codes.ts";

const EPOCH_SECONDS_TAG = 1;

/**
 * Reads a Smithy RPC v2 CBOR request: the operation is in the path, timestamps have tag 1, blobs are
 * byte strings.
 * @see https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
 */
export function cborRequest(request: {
  readonly service: Service | undefined;
  readonly operation: string;
  readonly displayName: string;
  readonly body: Uint8Array;
}): WireRequest {
  const { service, operation, displayName, body } = request;
  const headers = { "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" };
  return {
    service,
    operation,
    displayName,
    input: () => readCbor(body),
    success: (output) => ({ status: 200, headers, body: cbor.serialize(toCbor(output)) }),
    failure: (error) => {
      const { headers: errorHeaders, document } = errorDocument(service, error);
      return {
        status: error.status,
        headers: { ...headers, ...errorHeaders },
        body: cbor.serialize(document),
      };
    },
  };
}

function readCbor(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = fromCbor(cbor.deserialize(body));
  } catch {
    throw new AwsError("SerializationException", "The request body must be CBOR.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AwsError("SerializationException", "The request body must be a CBOR map.");
  }
  return value;
}

function fromCbor(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return value;
  if (value instanceof NumericValue) return Number(value.string);
  if (Array.isArray(value)) return value.map(fromCbor);
  if (isTag(value)) {
    return Number(value.tag) === EPOCH_SECONDS_TAG
      ? new Date(Number(value.value) * 1000)
      : fromCbor(value.value);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, fromCbor(member)]),
  );
}

function isTag(value: object): value is { readonly tag: number | bigint; readonly value: unknown } {
  return tagSymbol in value;
}

function toCbor(value: AwsValue): unknown {
  if (value instanceof Date) return tag({ tag: EPOCH_SECONDS_TAG, value: value.getTime() / 1000 });
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(toCbor);
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value as AwsStructure).flatMap(([name, member]) =>
        member === undefined ? [] : [[name, toCbor(member)]],
      ),
    );
  }
  return value;
}
