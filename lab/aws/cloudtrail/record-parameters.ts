import type { AuditedCall, AwsStructure, AwsValue, Service } from "../shared/operation.ts";

/** `requestParameters` or `responseElements` of a record; null if there are none. */
export type Parameters = { readonly [name: string]: unknown } | null;

/**
 * The KMS request parameters that CloudTrail records. An allowlist, so that plaintexts, ciphertexts,
 * grant tokens and unknown members never get into a record.
 */
const KMS_PARAMETERS = [
  "KeyId",
  "EncryptionContext",
  "EncryptionAlgorithm",
  "DryRun",
  "NumberOfBytes",
  "KeySpec",
  "SourceKeyId",
  "SourceEncryptionContext",
  "SourceEncryptionAlgorithm",
  "DestinationKeyId",
  "DestinationEncryptionContext",
  "DestinationEncryptionAlgorithm",
  "PendingWindowInDays",
  "Policy",
  "PolicyName",
  "BypassPolicyLockoutSafetyCheck",
  "GranteePrincipal",
  "RetiringPrincipal",
  "Operations",
  "Constraints",
  "GrantId",
  "ReplicaRegion",
  "Description",
  "RotationPeriodInDays",
  "Limit",
  "Marker",
];

/** Defaults that KMS adds to a request before it is recorded. */
const KMS_DEFAULTS: Readonly<Record<string, AwsStructure>> = {
  Encrypt: { EncryptionAlgorithm: "SYMMETRIC_DEFAULT" },
  Decrypt: { EncryptionAlgorithm: "SYMMETRIC_DEFAULT" },
  ReEncrypt: {
    SourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    DestinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
  },
};

/** Members that hold customer data or secrets in calls that are otherwise recorded in full. */
const OMITTED_MEMBERS = [
  "logEventMessages",
  "SecretAccessKey",
  "GrantToken",
  "SecretString",
  "SecretBinary",
];

/** Members that CloudTrail masks. */
const MASKED_MEMBERS = ["MasterUserPassword", "TdeCredentialPassword"];

const MASK = "****";

/** Services whose clients send every value as text, and whose records have booleans and numbers. */
const QUERY_SERVICES: readonly Service[] = ["ec2", "elasticloadbalancing", "iam", "rds"];

const NUMBERS = ["AllocatedStorage", "BackupRetentionPeriod", "Iops", "Port"];

/** Returns the request parameters of a call's record. */
export function requestParametersOf({ service, call, input }: AuditedCall): Parameters {
  const members = input as Readonly<Record<string, unknown>>;
  if (service === "ec2") return ec2Parameters(call.operation, members);
  if (QUERY_SERVICES.includes(service)) return toParameters(convertTypes(members));
  if (service !== "kms") return toParameters(members);
  const parameters = Object.entries({ ...KMS_DEFAULTS[call.operation], ...members }).filter(
    ([name]) => KMS_PARAMETERS.includes(name),
  );
  return toParameters(Object.fromEntries(parameters));
}

/**
 * Returns the response elements of a call's record. KMS has included the changed key in them since December 2022.
 */
export function responseElementsOf({ service, call, audit, result }: AuditedCall): Parameters {
  if ("error" in result) return null;
  if (service === "ec2") return { requestId: call.requestId, _return: true };
  if (service === "rds") return toParameters(unwrapStructure(result.output));
  const keyArn = service === "kms" ? audit.resources?.[0]?.arn : undefined;
  return toParameters({ ...(keyArn === undefined ? {} : { KeyId: keyArn }), ...result.output });
}

/** Returns the members of a response's only structure, which RDS records without the structure itself. */
function unwrapStructure(output: AwsStructure): AwsStructure {
  const [only, ...others] = Object.values(output);
  const isStructure = typeof only === "object" && only !== null && !Array.isArray(only);
  return others.length === 0 && isStructure ? (only as AwsStructure) : output;
}

/** Converts the text of a Query request to the types of the record. */
function convertTypes(value: unknown, name = ""): Readonly<Record<string, unknown>> {
  const convert = (item: unknown, key: string): unknown => {
    if (item === "true" || item === "false") return item === "true";
    if (typeof item === "string") return NUMBERS.includes(key) ? Number(item) : item;
    if (Array.isArray(item)) return item.map((each) => convert(each, key));
    return typeof item === "object" && item !== null ? convertTypes(item, key) : item;
  };
  return Object.fromEntries(
    Object.entries(value as object).map(([key, item]) => [key, convert(item, key || name)]),
  );
}

/** Operations whose parameters EC2 records under the name of their request, with the member that holds the ids. */
const EC2_REQUESTS: Readonly<Record<string, string>> = {
  DeleteFlowLogs: "FlowLogId",
  DeleteVpcEndpoints: "VpcEndpointId",
};

/** The request member with the security groups, by operation. EC2 records it as `groupSet`. */
const EC2_GROUPS: Readonly<Record<string, string>> = {
  RunInstances: "SecurityGroupId",
  CreateNetworkInterface: "SecurityGroupId",
  ModifyNetworkInterfaceAttribute: "SecurityGroupId",
  ModifyInstanceAttribute: "GroupId",
};

/**
 * Converts request members to the format of EC2's records: lists as `items`, and the parameters of newer operations
 * under the name of their request.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/using-cloudtrail.html
 */
function ec2Parameters(operation: string, members: Readonly<Record<string, unknown>>): Parameters {
  const idMember = EC2_REQUESTS[operation];
  if (idMember !== undefined) {
    const ids = [members[idMember]].flat();
    const items = ids.map((content, index) => ({ content, tag: index + 1 }));
    return { [`${operation}Request`]: { [idMember]: items.length === 1 ? items[0] : items } };
  }
  const itemized = (value: unknown): unknown => {
    if (Array.isArray(value)) return { items: value.map(itemized) };
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [camelCase(name), itemized(member)]),
    );
  };
  const { [EC2_GROUPS[operation] ?? ""]: groups, ...others } = members;
  const groupSet = [groups ?? []].flat().map((groupId) => ({ groupId }));
  return {
    ...(itemized(convertTypes(others)) as object),
    ...(groupSet.length > 0 && { groupSet: { items: groupSet } }),
  };
}

function toParameters(members: Readonly<Record<string, unknown>>): Parameters {
  const parameters = Object.entries(members).flatMap(([name, value]) =>
    value === undefined || value === null || OMITTED_MEMBERS.includes(name)
      ? []
      : [[camelCase(name), memberParameter(name, value)]],
  );
  return parameters.length === 0 ? null : Object.fromEntries(parameters);
}

function memberParameter(name: string, value: unknown): unknown {
  if (MASKED_MEMBERS.includes(name)) return MASK;
  // The caller chooses the names in an encryption context, so keep their case.
  return /EncryptionContext(?:Subset|Equals)?$/.test(name) ? value : toParameter(value);
}

function toParameter(value: unknown): unknown {
  if (value instanceof Date) return formatDate(value);
  if (value instanceof Uint8Array) return undefined;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(toParameter);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, AwsValue>>)
      .filter(([name]) => !OMITTED_MEMBERS.includes(name))
      .map(([name, member]) => [camelCase(name), memberParameter(name, member)]),
  );
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Formats a timestamp as CloudTrail does within parameters: `Nov 2, 2021, 11:25:25 PM`. */
function formatDate(date: Date): string {
  return date
    .toLocaleString("en-US", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" })
    .replaceAll("\u202f", " ");
}
