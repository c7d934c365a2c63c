import type { Expression, QueriedEvent, Value } from "./query.ts";

export interface Row {
  /** Undefined after stats. */
  readonly event: QueriedEvent | undefined;
  /** Values that earlier commands computed, by column. */
  readonly values: ReadonlyMap<string, Value>;
}

/**
 * Evaluates an expression on a row. A comparison with a field that the event lacks has no value, so a filter
 * drops the event; `coalesce` and `ispresent` handle such fields.
 */
export function evaluate(expression: Expression, row: Row): Value {
  switch (expression.kind) {
    case "field":
      return row.values.has(expression.name)
        ? row.values.get(expression.name)
        : fieldOf(expression.name, row.event);
    case "literal":
      return expression.value;
    case "bin": {
      const { milliseconds } = expression;
      const timestamp = row.event?.timestamp ?? 0;
      return formatTime(timestamp - (timestamp % milliseconds));
    }
    case "call":
      return evaluateCall(expression, row);
    case "compare":
      return evaluateComparison(expression, row);
    case "like":
    case "in":
      return evaluateMembership(expression, row);
    case "not": {
      const value = evaluate(expression.operand, row);
      return value === undefined ? undefined : !isTrue(value);
    }
    case "and":
    case "or":
      return evaluateLogical(expression, row);
  }
}

export const isTrue = (value: Value) => value === true || value === "true";

/** Returns undefined where SQL would return null, because the result depends on a missing field. */
function evaluateLogical(
  { kind, left, right }: Extract<Expression, { kind: "and" | "or" }>,
  row: Row,
): Value {
  const values = [evaluate(left, row), evaluate(right, row)];
  const decisive = kind === "or";
  if (values.some((value) => value !== undefined && isTrue(value) === decisive)) return decisive;
  return values.includes(undefined) ? undefined : !decisive;
}

function evaluateComparison(
  { operator, left, right }: Extract<Expression, { kind: "compare" }>,
  row: Row,
): Value {
  const [a, b] = [evaluate(left, row), evaluate(right, row)];
  if (a === undefined || b === undefined) return undefined;
  if (operator === "=") return isEqual(a, b);
  if (operator === "!=") return !isEqual(a, b);
  const [x, y] = [Number(a), Number(b)];
  const numeric = !Number.isNaN(x) && !Number.isNaN(y);
  const order = numeric ? x - y : String(a) < String(b) ? -1 : Number(String(a) > String(b));
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** Compares a number with text by its numeric value, because Insights treats all values of a log event as text. */
function isEqual(a: Value, b: Value): boolean {
  return typeof a === "number" || typeof b === "number"
    ? Number(a) === Number(b)
    : String(a) === String(b);
}

function evaluateMembership(
  expression: Extract<Expression, { kind: "like" | "in" }>,
  row: Row,
): Value {
  const value = evaluate(expression.value, row);
  if (value === undefined) return undefined;
  if (expression.kind === "in") return expression.items.some((item) => isEqual(value, item));
  const { pattern } = expression;
  return typeof pattern === "string"
    ? String(value).includes(pattern)
    : pattern.test(String(value));
}

function evaluateCall({ name, args }: Extract<Expression, { kind: "call" }>, row: Row): Value {
  const values = args.map((argument) => evaluate(argument, row));
  const [first] = values;
  switch (name) {
    case "coalesce":
      return values.find((value) => value !== undefined);
    case "ispresent":
      return first !== undefined;
    case "isempty":
      return first === undefined || first === "";
    case "isblank":
      return first === undefined || String(first).trim() === "";
    case "tolower":
      return first === undefined ? undefined : String(first).toLowerCase();
    case "toupper":
      return first === undefined ? undefined : String(first).toUpperCase();
    case "strlen":
      return first === undefined ? undefined : String(first).length;
  }
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html */
function fieldOf(name: string, event: QueriedEvent | undefined): Value {
  if (event === undefined) return undefined;
  switch (name) {
    case "@timestamp":
      return formatTime(event.timestamp);
    case "@ingestionTime":
      return formatTime(event.ingestionTime);
    case "@message":
      return event.message;
    case "@logStream":
      return event.logStreamName;
    case "@log":
      return event.log;
    default:
      return findField(documentOf(event), name.split("."));
  }
}

const documents = new WeakMap<QueriedEvent, unknown>();

function documentOf(event: QueriedEvent): unknown {
  if (documents.has(event)) return documents.get(event);
  let document: unknown;
  try {
    document = JSON.parse(event.message);
  } catch {
    document = undefined;
  }
  documents.set(event, document);
  return document;
}

/** Finds a field by the steps of its name. A step can contain dots: `a.b` names `{"a":{"b":1}}` and `{"a.b":1}`. */
function findField(value: unknown, steps: readonly string[]): Value {
  if (steps.length === 0) return scalar(value);
  if (typeof value !== "object" || value === null) return undefined;
  for (let length = 1; length <= steps.length; length += 1) {
    const key = steps.slice(0, length).join(".");
    if (!Object.hasOwn(value, key)) continue;
    const found = findField((value as Record<string, unknown>)[key], steps.slice(length));
    if (found !== undefined) return found;
  }
  return undefined;
}

function scalar(value: unknown): Value {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
}

/** Formats a time as Insights does: `2026-03-02 09:05:00.000`. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "");
}
