import type { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { Policy } from "../iam/policy.ts";

/** A value in a response; each wire protocol encodes `Date`, `Uint8Array` and `Map` in its own way. */
export type AwsValue =
  | string
  | number
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly AwsValue[]
  | ReadonlyMap<string, string>
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
  /** Set for a role session. */
  readonly role?: { readonly name: string; readonly arn: string };
  /** Whether the calls come from the VPC, through its endpoint if it has one for the service. */
  readonly inVpc?: boolean;
  /** The source address of the calls, such as that of a NAT gateway. Default: the address of the connection. */
  readonly address?: string;
}

/** The services of the endpoint. */
export type Service =
  | "kms"
  | "cloudtrail"
  | "logs"
  | "cloudwatch"
  | "sns"
  | "sts"
  | RecordedServiceName;

/** Services whose calls are checked and recorded, and otherwise not emulated. */
export type RecordedServiceName =
  | "ec2"
  | "ecr"
  | "ecs"
  | "elasticloadbalancing"
  | "events"
  | "iam"
  | "rds"
  | "secretsmanager"
  | "sqs"
  | "wafv2";

/** Elements of a call's CloudTrail record that are in neither its request nor its response. */
export interface Audit {
  /** The resources the call used, each with its CloudFormation type. */
  readonly resources?: readonly { readonly arn: string; readonly type: string }[];
  readonly additionalEventData?: AwsStructure;
  /** An action of the service after the call, recorded as a separate event. */
  readonly serviceEvent?: { readonly name: string; readonly details: AwsStructure };
}

/** A permission that a call needs. */
export interface AccessCheck {
  /** Such as `kms:Decrypt`. */
  readonly action: string;
  /** ARN; `*` if the action has no resource. */
  readonly resource: string;
  readonly resourcePolicy?: Policy;
  /** Whether the resource's policy must allow the request even within the account. */
  readonly requiresResourcePolicy?: boolean;
  /** Whether a KMS grant allows the request. */
  readonly grant?: boolean;
  /** Condition keys of the service. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** How the error names the resource. Default: `on resource: <ARN>`, nothing for `*`. */
  readonly target?: string;
  /** Whether an AWS service makes the request with the caller's permissions, and therefore through no VPC endpoint. */
  readonly viaService?: boolean;
  /** Whether the resource's policy is the trust policy of a role. */
  readonly isTrust?: boolean;
}

/** A request, apart from its members. */
export interface Call {
  readonly operation: string;
  readonly requestId: string;
  readonly caller: Caller;
  readonly region: string;
  readonly sourceIpAddress: string;
  readonly userAgent: string;
  /** The VPC endpoint through which the request passes. */
  readonly vpcEndpointId?: string;
  /**
   * Evaluates the policies that apply to the caller and the resource.
   * @throws AwsError with AWS's message if they do not allow the action
   */
  readonly authorize: (check: AccessCheck) => void;
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
