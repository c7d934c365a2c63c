import type { AwsError } from "../../../cloudwatch/aws-error.ts";

/** A value in a response; each wire protocol encodes `Date` and `Uint8Array` in its own way. */
export type AwsValue =
  | string
  | number
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly AwsValue[]
  | AwsStructure;

/** Members of a response. Those that are `undefined` are omitted. */
export interface AwsStructure {
  readonly [member: string]: AwsValue | undefined;
}

/** The principal that signed a request. */
export interface Caller {
  readonly arn: string;
  readonly userId: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  /** CloudTrail's `userIdentity` element. */
  readonly userIdentity: AwsStructure;
}

/** The emulated services, named after their folders. */
export type Service = "kms" | "cloudtrail" | "logs" | "cloudwatch" | "sns" | "sts";

/** Elements of a call's CloudTrail record that are in neither its request nor its response. */
export interface Audit {
  /** The resources the call used, each with its CloudFormation type. */
  readonly resources?: readonly { readonly arn: string; readonly type: string }[];
  readonly additionalEventData?: AwsStructure;
}

/** A request, apart from its members. */
export interface Call {
  readonly operation: string;
  readonly requestId: string;
  readonly caller: Caller;
  readonly region: string;
  readonly sourceIpAddress: string;
  readonly userAgent: string;
  /** Adds elements to the CloudTrail record of this call; later values replace earlier ones. */
  readonly audit?: (elements: Audit) => void;
}

/**
 * Handles a request.
 * @param input the request's members as its protocol encodes them, not yet validated (JSON: timestamps
 *   in epoch seconds, blobs in base64; Query: only strings; CBOR: `Date` and `Uint8Array`)
 * @throws AwsError
 */
export type Operation = (input: unknown, call: Call) => AwsStructure | Promise<AwsStructure>;

export type Operations = Readonly<Record<string, Operation>>;

/** A completed call, for CloudTrail. */
export interface AuditedCall {
  readonly service: Service;
  readonly call: Call;
  readonly input: unknown;
  readonly result: { readonly output: AwsStructure } | { readonly error: AwsError };
  readonly audit: Audit;
}
