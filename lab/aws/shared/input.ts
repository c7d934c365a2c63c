import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";

/*
 * The members of a request, whichever wire protocol brought them: JSON has numbers and epoch seconds,
 * Query has strings only, CBOR has `Date` and 64-bit integers.
 */

interface Length {
  readonly min?: number;
  readonly max?: number;
}

export function text({ min = 0, max, pattern }: Length & { readonly pattern?: RegExp } = {}) {
  let schema = z.string();
  if (min > 0) schema = schema.min(min);
  if (max !== undefined) schema = schema.max(max);
  return pattern === undefined ? schema : schema.regex(pattern);
}

export function number() {
  return z.preprocess(toNumber, z.number());
}

/** A number, with those that JSON has no numeral for: they come as text. */
export function double() {
  return z.preprocess(
    (value) => (value === "NaN" ? Number.NaN : toNumber(value)),
    z.custom<number>((value) => typeof value === "number", "it must be a number"),
  );
}

export function integer({ min, max }: Length = {}) {
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

/** A point in time, as milliseconds since the epoch. */
export function time() {
  return z.preprocess((value) => {
    if (value instanceof Date) return value.getTime();
    const seconds = toNumber(value);
    if (typeof seconds === "number") return Math.round(seconds * 1000);
    const milliseconds = typeof seconds === "string" ? Date.parse(seconds) : Number.NaN;
    return Number.isNaN(milliseconds) ? value : milliseconds;
  }, z.number());
}

export function list<Item extends z.ZodType>(item: Item, { min = 0, max }: Length = {}) {
  let schema = z.array(item);
  if (min > 0) schema = schema.min(min);
  if (max !== undefined) schema = schema.max(max);
  // An empty list has no other form in a query string than an empty value.
  return z.preprocess((value) => (value === "" ? [] : value), schema);
}

/** Text that is not a number stays text, for the schema to refuse. */
function toNumber(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string" || value.trim() === "") return value;
  const parsed = Number(value);
  return Number.isNaN(parsed) ? value : parsed;
}

/**
 * Reads a request's members, of which `null` counts as absent.
 * @param code what the service calls a violated constraint: `ValidationError` (CloudWatch, SNS) or
 *   `InvalidParameterException` (CloudWatch Logs)
 * @throws AwsError in the words of AWS's own validation, with the value received and the constraint
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
    const received = at(members, issue.path);
    const constraint = constraintOf(issue, received);
    if (constraint === undefined) {
      throw new AwsError(
        "SerializationException",
        `${memberPath(issue.path)} cannot be read: ${issue.message}`,
      );
    }
    violations.push(
      `Value ${shown(received)} at '${memberPath(issue.path)}' failed to satisfy constraint: ${constraint}`,
    );
  }
  const found = `${violations.length} validation error${violations.length === 1 ? "" : "s"} detected`;
  throw new AwsError(code, `${found}: ${violations.join("; ")}`);
}

/** The constraint as AWS words it; `undefined`: the value is not even of the member's type. */
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

const SHOWN_CHARACTERS = 1024;

function shown(value: unknown): string {
  if (value === undefined) return "null";
  const written = Array.isArray(value)
    ? `[${value.map((item) => (typeof item === "string" ? item : JSON.stringify(item))).join(", ")}]`
    : String(value);
  return `'${written.length > SHOWN_CHARACTERS ? `${written.slice(0, SHOWN_CHARACTERS)}…` : written}'`;
}

/** `metricData.1.member.metricName`: lists count from 1, names start small. */
function memberPath(path: readonly PropertyKey[]): string {
  return path
    .map((step) =>
      typeof step === "number"
        ? `${step + 1}.member`
        : String(step).replace(/^./, (first) => first.toLowerCase()),
    )
    .join(".");
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
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
