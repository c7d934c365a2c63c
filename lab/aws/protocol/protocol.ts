import type { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, Service } from "../shared/operation.ts";

/** What goes back over HTTP. */
export interface AwsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** One request as its wire protocol reads it, and that protocol's way to answer it. */
export interface WireRequest {
  /** Undefined: the request is for something that the lab does not have. */
  readonly service: Service | undefined;
  readonly operation: string;
  /** The operation as the request named it, for messages. */
  readonly named: string;
  /** The request's members; throws `SerializationException` when the body cannot be read. */
  readonly input: () => unknown;
  readonly success: (output: AwsStructure, requestId: string) => AwsResponse;
  readonly failure: (error: AwsError, requestId: string) => AwsResponse;
}
