/** A value that a plan or template does not contain. */
export class UnknownValue {
  /** Completes the sentence "metric_name is not known: …". */
  readonly why: string;
  /** The next step. */
  readonly next: string;

  constructor(why: string, next = "Apply the plan, and replay the state: terraform show -json.") {
    this.why = why;
    this.next = next;
  }
}

/** The resource types that are imported, by their names in Terraform. */
export const IMPORTED_TYPES = [
  "aws_cloudwatch_log_metric_filter",
  "aws_cloudwatch_metric_alarm",
  "aws_cloudwatch_composite_alarm",
] as const;
export type ImportedType = (typeof IMPORTED_TYPES)[number];

/** A metric filter or alarm, with the attribute names of Terraform's AWS provider. */
export interface ImportedResource {
  /** Its address in the file, for messages. */
  readonly address: string;
  readonly type: ImportedType;
  /** Values may contain an `UnknownValue` at any depth. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A resource that creates or may create filters or alarms that replay does not read. */
export interface UnreadResource {
  readonly address: string;
  /** Completes the sentence "Not replayed: aws_cloudformation_stack.a: …". */
  readonly why: string;
}

export type FileResource = ImportedResource | UnreadResource;

export function isImportedType(type: string): type is ImportedType {
  return (IMPORTED_TYPES as readonly string[]).includes(type);
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Finds the first part of a value that is not known. */
export function unknownIn(value: unknown): UnknownValue | undefined {
  if (value instanceof UnknownValue) return value;
  const parts = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  for (const part of parts) {
    const unknown = unknownIn(part);
    if (unknown !== undefined) return unknown;
  }
  return undefined;
}
