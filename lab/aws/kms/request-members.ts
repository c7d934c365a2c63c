import { AwsError } from "../../../cloudwatch/aws-error.ts";

export type EncryptionContext = Readonly<Record<string, string>>;

/**
 * Reads the members of a KMS request. A value of the wrong kind is a `SerializationException` at
 * once; what breaks a constraint is gathered, and `check` throws it as KMS words it. Until `check`
 * has returned, what the readers gave is not to be used.
 */
export interface Members {
  /** A required key reference: id, ARN, alias name or alias ARN. */
  readonly key: (name: string) => string;
  readonly optionalKey: (name: string) => string | undefined;
  readonly blob: (
    name: string,
    limit: { readonly max: number; readonly secret: boolean },
  ) => Buffer;
  readonly context: (name: string) => EncryptionContext;
  readonly integer: (
    name: string,
    range: { readonly min: number; readonly max: number },
  ) => number | undefined;
  readonly choice: (name: string, values: readonly string[]) => string | undefined;
  readonly text: (name: string, limit: { readonly max: number }) => string | undefined;
  readonly flag: (name: string) => boolean;
  /** Checked and left alone: in the lab nobody needs a grant. */
  readonly grantTokens: () => void;
  /** @throws ValidationException */
  readonly check: () => void;
}

export function membersOf(input: unknown): Members {
  const members = input as Readonly<Record<string, unknown>>;
  const violations: string[] = [];
  const get = (name: string): unknown =>
    Object.hasOwn(members, name) ? (members[name] ?? undefined) : undefined;
  /** @param shown the value in quotes; `null`; or nothing, where KMS keeps the value to itself */
  const violate = (name: string, shown: string | undefined, constraint: string) => {
    const value = shown === undefined ? "Value" : `Value ${shown}`;
    violations.push(`${value} at '${camelCase(name)}' failed to satisfy constraint: ${constraint}`);
  };
  const lengthWithin = (name: string, shown: string | undefined, length: number, max: number) => {
    if (length < 1) violate(name, shown, "Member must have length greater than or equal to 1");
    if (length > max) violate(name, shown, `Member must have length less than or equal to ${max}`);
  };

  const text: Members["text"] = (name, { max }) => {
    const value = get(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw notA("String", value);
    lengthWithin(name, `'${value}'`, value.length, max);
    return value;
  };
  const optionalKey: Members["optionalKey"] = (name) => {
    const value = text(name, { max: 2048 });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is what KMS allows.
    if (value !== undefined && !/^[\u0000-\u007f]+$/.test(value)) {
      violate(name, `'${value}'`, "Member must satisfy regular expression pattern: ^\\p{ASCII}+$");
    }
    return value;
  };

  return {
    text,
    optionalKey,
    key: (name) => {
      const value = optionalKey(name);
      if (value === undefined) violate(name, "null", "Member must not be null");
      return value ?? "";
    },
    blob: (name, { max, secret }) => {
      const value = get(name);
      if (value === undefined) {
        violate(name, secret ? undefined : "null", "Member must not be null");
        return Buffer.alloc(0);
      }
      const bytes = bytesOf(value);
      lengthWithin(name, undefined, bytes.length, max);
      return bytes;
    },
    context: (name) => {
      const value = get(name) ?? {};
      if (typeof value !== "object" || Array.isArray(value) || value instanceof Uint8Array) {
        throw notA("Map", value);
      }
      for (const item of Object.values(value)) {
        if (typeof item !== "string") throw notA("String", item);
      }
      return value as EncryptionContext;
    },
    integer: (name, { min, max }) => {
      const value = get(name);
      if (value === undefined) return undefined;
      if (typeof value !== "number" || !Number.isInteger(value)) throw notA("Integer", value);
      if (value < min) {
        violate(name, `'${value}'`, `Member must have value greater than or equal to ${min}`);
      }
      if (value > max) {
        violate(name, `'${value}'`, `Member must have value less than or equal to ${max}`);
      }
      return value;
    },
    choice: (name, values) => {
      const value = get(name);
      if (value === undefined) return undefined;
      if (typeof value !== "string") throw notA("String", value);
      if (!values.includes(value)) {
        violate(name, `'${value}'`, `Member must satisfy enum value set: [${values.join(", ")}]`);
      }
      return value;
    },
    flag: (name) => {
      const value = get(name) ?? false;
      if (typeof value !== "boolean") throw notA("Boolean", value);
      return value;
    },
    grantTokens: () => {
      const value = get("GrantTokens") ?? [];
      if (!Array.isArray(value)) throw notA("List", value);
      for (const token of value) {
        if (typeof token !== "string") throw notA("String", token);
      }
      if (value.length > 10) {
        violate("GrantTokens", undefined, "Member must have length less than or equal to 10");
      }
    },
    check: () => {
      if (violations.length === 0) return;
      const errors = violations.length === 1 ? "error" : "errors";
      throw new AwsError(
        "ValidationException",
        `${violations.length} validation ${errors} detected: ${violations.join("; ")}`,
      );
    },
  };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A blob as JSON carries it, in base64, or as CBOR does, in bytes. */
function bytesOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== "string") throw notA("Blob", value);
  if (!BASE64.test(value)) throw new AwsError("SerializationException", "Not base64.");
  return Buffer.from(value, "base64");
}

function notA(kind: string, value: unknown): AwsError {
  const given = Array.isArray(value) ? "LIST" : value === null ? "NULL" : typeof value;
  return new AwsError(
    "SerializationException",
    `${given.toUpperCase()}_VALUE can not be converted to a ${kind}`,
  );
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
