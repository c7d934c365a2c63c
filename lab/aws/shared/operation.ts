import type { AwsError } from "../../../cloudwatch/aws-error.ts";

/** A value of an AWS answer: each wire protocol writes `Date` and `Uint8Array` in its own way. */
export type AwsValue =
  | string
  | number
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly AwsValue[]
  | AwsStructure;

/** Members that are `undefined` are left out. */
export interface AwsStructure {
  readonly [member: string]: AwsValue | undefined;
}

/** Who signed a request, as CloudTrail's `userIdentity` names them. */
export interface Caller {
  readonly arn: string;
  readonly userId: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly userIdentity: AwsStructure;
}

/** The services that the lab answers for, each under the name of its part of the lab. */
export type Service = "kms" | "cloudtrail" | "logs" | "cloudwatch" | "sns" | "sts";

/** What CloudTrail's record of a call says that stands neither in its request nor in its answer. */
export interface Audit {
  /** What the call touched: its ARN and CloudFormation type. */
  readonly resources?: readonly { readonly arn: string; readonly type: string }[];
  readonly additionalEventData?: AwsStructure;
}

/** One request, once its envelope is read. */
export interface Call {
  readonly operation: string;
  readonly requestId: string;
  readonly caller: Caller;
  readonly region: string;
  readonly sourceIpAddress: string;
  readonly userAgent: string;
  /** Notes what the record of this call shall say; a later note replaces the members it names. */
  readonly audit?: (note: Audit) => void;
}

/**
 * An operation takes the request's members as its wire protocol gave them (JSON: timestamps are epoch
 * seconds and blobs base64; Query: all strings; CBOR: `Date` and `Uint8Array`), and checks them itself.
 */
export type Operation = (input: unknown, call: Call) => AwsStructure | Promise<AwsStructure>;

export type Operations = Readonly<Record<string, Operation>>;

/** One call that reached its operation, as CloudTrail learns of it. */
export interface AuditedCall {
  readonly service: Service;
  readonly call: Call;
  readonly input: unknown;
  readonly outcome: { readonly output: AwsStructure } | { readonly error: AwsError };
  readonly audit: Audit;
}
