import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";

/*
 * Schemas for request members that accept every wire encoding: JSON sends numbers and epoch seconds,
 * Query sends strings only, CBOR sends `Date` and 64-bit integers.
 */

interface Range {
  readonly min?: number;
  readonly max?: number;
}

export function text({ min = 0, max, pattern }: Range & { readonly pattern?: RegExp } = {}) {
  let schema = z.string();
  if (min > 0) schema = schema.min(min);
  if (max !== undefined) schema = schema.max(max);
  return pattern === undefined ? schema : schema.regex(pattern);
}

export function number() {
  return z.preprocess(toNumber, z.number());
}

/** Accepts a number, including NaN and the infinities, which JSON encodes as strings. */
export function double() {
  return z.preprocess(
    (value) => (value === "NaN" ? Number.NaN : toNumber(value)),
    z.custom<number>((value) => typeof value === "number", "it must be a number"),
  );
}

export function integer({ min, max }: Range = {}) {
  let schema = z.int();
  if (min !== undefined) schema = schema.min(min);
  if (max !== undefined) schema = schema.max(max);
  return z.preprocess(toNumber, schema);
}

export function flag() {
  return z.preprocess(
    (value) => (value === "true" ? true : value === "false" ? false : value),
    z.boolean(),
  );
}

/** Accepts a timestamp, and parses it to milliseconds since the epoch. */
export function time() {
  return z.preprocess((value) => {
    if (value instanceof Date) return value.getTime();
    const seconds = toNumber(value);
    if (typeof seconds === "number") return Math.round(seconds * 1000);
    const milliseconds = typeof seconds === "string" ? Date.parse(seconds) : Number.NaN;
    return Number.isNaN(milliseconds) ? value : milliseconds;
  }, z.number());
}

export function list<Item extends z.ZodType>(item: Item, { min = 0, max }: Range = {}) {
  let schema = z.array(item);
  if (min > 0) schema = schema.min(min);
  if (max !== undefined) schema = schema.max(max);
  // The Query protocol encodes an empty list as an empty value.
  return z.preprocess((value) => (value === "" ? [] : value), schema);
}

/** Returns text that is not a number unchanged, so that the schema rejects it. */
function toNumber(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string" || value.trim() === "") return value;
  const parsed = Number(value);
  return Number.isNaN(parsed) ? value : parsed;
}

/**
 * Validates the members of a request. A `null` member counts as absent.
 * @param code the service's error code for a violated constraint: `ValidationError` (CloudWatch, SNS)
 *   or `InvalidParameterException` (CloudWatch Logs)
 * @throws AwsError with AWS's wording: each value received and the constraint it violates
 */
export function readInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  code: string,
): z.infer<Schema> {
  const members = withoutNulls(input ?? {});
  const result = schema.safeParse(members);
  if (result.success) return result.data;
  const violations: string[] = [];
  for (const issue of result.error.issues) {
    const received = valueAt(members, issue.path);
    const constraint = constraintOf(issue, received);
    if (constraint === undefined) {
      throw new AwsError(
        "SerializationException",
        `${memberPath(issue.path)} cannot be read: ${issue.message}`,
      );
    }
    violations.push(
      `Value ${quote(received)} at '${memberPath(issue.path)}' failed to satisfy constraint: ${constraint}`,
    );
  }
  const errors = violations.length === 1 ? "error" : "errors";
  throw new AwsError(
    code,
    `${violations.length} validation ${errors} detected: ${violations.join("; ")}`,
  );
}

/** Returns {@link readInput} for a service, whose error code for a violated constraint is `code`. */
export function inputReader(code: string) {
  return <Schema extends z.ZodType>(schema: Schema, input: unknown): z.infer<Schema> =>
    readInput(schema, input, code);
}

/** Returns the constraint in AWS's wording, or `undefined` for a value of the wrong type. */
function constraintOf(issue: z.core.$ZodIssue, received: unknown): string | undefined {
  if (received === undefined) return "Member must not be null";
  switch (issue.code) {
    case "too_small":
      return issue.origin === "string" || issue.origin === "array"
        ? `Member must have length greater than or equal to ${issue.minimum}`
        : `Member must have value greater than or equal to ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string" || issue.origin === "array"
        ? `Member must have length less than or equal to ${issue.maximum}`
        : `Member must have value less than or equal to ${issue.maximum}`;
    case "invalid_value":
      return `Member must satisfy enum value set: [${issue.values.join(", ")}]`;
    case "invalid_format":
      return issue.format === "regex"
        ? `Member must satisfy regular expression pattern: ${issue.pattern?.replaceAll(/^\/\^?|\$?\/\w*$/g, "")}`
        : undefined;
    default:
      return undefined;
  }
}

const QUOTED_CHARACTERS = 1024;

function quote(value: unknown): string {
  if (value === undefined) return "null";
  const written = Array.isArray(value)
    ? `[${value.map((item) => (typeof item === "string" ? item : JSON.stringify(item))).join(", ")}]`
    : String(value);
  return `'${written.length > QUOTED_CHARACTERS ? `${written.slice(0, QUOTED_CHARACTERS)}…` : written}'`;
}

/** Formats a path as AWS does, such as `metricData.1.member.metricName`. */
function memberPath(path: readonly PropertyKey[]): string {
  return path
    .map((step) =>
      typeof step === "number"
        ? `${step + 1}.member`
        : String(step).replace(/^./, (first) => first.toLowerCase()),
    )
    .join(".");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (parent, step) => (parent as Readonly<Record<PropertyKey, unknown>> | undefined)?.[step],
    value,
  );
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (
    typeof value !== "object" ||
    value === null ||
    Object.getPrototypeOf(value) !== Object.prototype
  ) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      member === null ? [] : [[name, withoutNulls(member)]],
    ),
  );
}
