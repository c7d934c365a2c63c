import type { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, Service } from "../shared/operation.ts";

/** An HTTP response. */
export interface AwsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A request parsed by its wire protocol, with the functions that encode its response. */
export interface WireRequest {
  /** Undefined if the lab does not emulate the requested service. */
  readonly service: Service | undefined;
  readonly operation: string;
  /** The service and operation as the request names them, for error messages. */
  readonly displayName: string;
  /**
   * Parses the body.
   * @throws AwsError `SerializationException`
   */
  readonly input: () => unknown;
  readonly success: (output: AwsStructure, requestId: string) => AwsResponse;
  readonly failure: (error: AwsError, requestId: string) => AwsResponse;
}
