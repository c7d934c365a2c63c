import type { AuditedCall, AwsStructure, AwsValue } from "../shared/operation.ts";

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
const OMITTED_MEMBERS = ["logEventMessages", "SecretAccessKey"];

export function requestParametersOf({ service, call, input }: AuditedCall): Parameters {
  const members = input as Readonly<Record<string, unknown>>;
  if (service !== "kms") return toParameters(members);
  const parameters = Object.entries({ ...KMS_DEFAULTS[call.operation], ...members }).filter(
    ([name]) => KMS_PARAMETERS.includes(name),
  );
  return toParameters(Object.fromEntries(parameters));
}

/** Since December 2022, KMS includes the key in the response elements of every call that changes one. */
export function responseElementsOf({ service, audit, result }: AuditedCall): Parameters {
  if ("error" in result) return null;
  const keyArn = service === "kms" ? audit.resources?.[0]?.arn : undefined;
  return toParameters({ ...(keyArn === undefined ? {} : { KeyId: keyArn }), ...result.output });
}

function toParameters(members: Readonly<Record<string, unknown>>): Parameters {
  const parameters = Object.entries(members).flatMap(([name, value]) =>
    value === undefined || value === null || OMITTED_MEMBERS.includes(name)
      ? []
      : [[camelCase(name), name.endsWith("EncryptionContext") ? value : toParameter(value)]],
  );
  return parameters.length === 0 ? null : Object.fromEntries(parameters);
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
      .map(([name, member]) => [camelCase(name), toParameter(member)]),
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
