import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { ownProperty } from "../shared/own-property.ts";

export type EncryptionContext = Readonly<Record<string, string>>;

/**
 * The members of a KMS request and the constraints they violate. A member of the wrong type throws a
 * `SerializationException` when it is read. Violations are collected and thrown together by
 * {@link rejectViolations}, as KMS does; call it before using what was read.
 */
export interface RequestMembers {
  readonly members: Readonly<Record<string, unknown>>;
  readonly violations: string[];
}

export function membersOf(input: unknown): RequestMembers {
  return { members: input as Readonly<Record<string, unknown>>, violations: [] };
}

/** Rejects a request with violations. @throws AwsError `ValidationException` that lists all of them */
export function rejectViolations({ violations }: RequestMembers): void {
  if (violations.length === 0) return;
  const errors = violations.length === 1 ? "error" : "errors";
  throw new AwsError(
    "ValidationException",
    `${violations.length} validation ${errors} detected: ${violations.join("; ")}`,
  );
}

/** Reads a required key reference: a key id, key ARN, alias name or alias ARN. */
export function readKey(request: RequestMembers, name: string): string {
  const value = readOptionalKey(request, name);
  if (value === undefined) violate(request, name, "null", "Member must not be null");
  return value ?? "";
}

export function readOptionalKey(request: RequestMembers, name: string): string | undefined {
  const value = readText(request, name, { max: 2048 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: KMS allows all ASCII characters.
  if (value !== undefined && !/^[\u0000-\u007f]+$/.test(value)) {
    const constraint = "Member must satisfy regular expression pattern: ^\\p{ASCII}+$";
    violate(request, name, `'${value}'`, constraint);
  }
  return value;
}

export function readText(
  request: RequestMembers,
  name: string,
  { max }: { readonly max: number },
): string | undefined {
  const value = memberOf(request, name);
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw wrongType("String", value);
  checkLength(request, name, `'${value}'`, value.length, max);
  return value;
}

/**
 * Reads a required blob.
 * @param options.secret whether the error for a missing member omits its value, as for a plaintext
 */
export function readBlob(
  request: RequestMembers,
  name: string,
  { max, secret = false }: { readonly max: number; readonly secret?: boolean },
): Buffer {
  const value = memberOf(request, name);
  if (value === undefined) {
    violate(request, name, secret ? undefined : "null", "Member must not be null");
    return Buffer.alloc(0);
  }
  const bytes = bytesOf(value);
  checkLength(request, name, undefined, bytes.length, max);
  return bytes;
}

export function readContext(request: RequestMembers, name: string): EncryptionContext {
  const value = memberOf(request, name) ?? {};
  if (typeof value !== "object" || Array.isArray(value) || value instanceof Uint8Array) {
    throw wrongType("Map", value);
  }
  for (const item of Object.values(value)) {
    if (typeof item !== "string") throw wrongType("String", item);
  }
  return value as EncryptionContext;
}

export function readInteger(
  request: RequestMembers,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const value = memberOf(request, name);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) throw wrongType("Integer", value);
  const quoted = `'${value}'`;
  if (value < min) {
    violate(request, name, quoted, `Member must have value greater than or equal to ${min}`);
  }
  if (value > max) {
    violate(request, name, quoted, `Member must have value less than or equal to ${max}`);
  }
  return value;
}

export function readEnum(
  request: RequestMembers,
  name: string,
  values: readonly string[],
): string | undefined {
  const value = memberOf(request, name);
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw wrongType("String", value);
  if (!values.includes(value)) {
    const constraint = `Member must satisfy enum value set: [${values.join(", ")}]`;
    violate(request, name, `'${value}'`, constraint);
  }
  return value;
}

export function readBoolean(request: RequestMembers, name: string): boolean {
  const value = memberOf(request, name) ?? false;
  if (typeof value !== "boolean") throw wrongType("Boolean", value);
  return value;
}

/** Validates `GrantTokens`. The lab ignores them, because its grants take effect at once. */
export function checkGrantTokens(request: RequestMembers): void {
  const value = memberOf(request, "GrantTokens") ?? [];
  if (!Array.isArray(value)) throw wrongType("List", value);
  for (const token of value) {
    if (typeof token !== "string") throw wrongType("String", token);
  }
  if (value.length > 10) {
    const constraint = "Member must have length less than or equal to 10";
    violate(request, "GrantTokens", undefined, constraint);
  }
}

/** Rejects members that the lab does not support and that would change the response. @throws AwsError that names one */
export function rejectUnsupported(
  request: RequestMembers,
  operation: string,
  names: readonly string[],
): void {
  const name = names.find((candidate) => memberOf(request, candidate) !== undefined);
  if (name === undefined) return;
  throw new AwsError(
    "UnsupportedOperationException",
    `The lab does not support ${name} in ${operation}.`,
  );
}

function memberOf({ members }: RequestMembers, name: string): unknown {
  return ownProperty(members, name) ?? undefined;
}

/** Adds a violation. @param quoted the value in quotes, `null`, or undefined where KMS omits the value */
function violate(
  { violations }: RequestMembers,
  name: string,
  quoted: string | undefined,
  constraint: string,
): void {
  const value = quoted === undefined ? "Value" : `Value ${quoted}`;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  violations.push(`${value} at '${member}' failed to satisfy constraint: ${constraint}`);
}

function checkLength(
  request: RequestMembers,
  name: string,
  quoted: string | undefined,
  length: number,
  max: number,
): void {
  if (length < 1) {
    violate(request, name, quoted, "Member must have length greater than or equal to 1");
  }
  if (length > max) {
    violate(request, name, quoted, `Member must have length less than or equal to ${max}`);
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Decodes a blob: base64 in JSON, bytes in CBOR. */
function bytesOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== "string") throw wrongType("Blob", value);
  if (!BASE64.test(value))
    throw new AwsError("SerializationException", "A blob must be encoded as base64.");
  return Buffer.from(value, "base64");
}

function wrongType(expected: string, value: unknown): AwsError {
  const type = Array.isArray(value) ? "LIST" : value === null ? "NULL" : typeof value;
  return new AwsError(
    "SerializationException",
    `${type.toUpperCase()}_VALUE can not be converted to a ${expected}`,
  );
}
