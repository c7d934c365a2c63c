import type {
  Condition,
  FilterPattern,
  JsonComparison,
  JsonTest,
  NumberValue,
  Segment,
  Value,
} from "../../cloudwatch/pattern/ast.ts";
import { compareDecimals, parseDecimal } from "../../cloudwatch/pattern/decimal.ts";
import { compileRegex } from "../../cloudwatch/pattern/regex.ts";
import { isCompound } from "../../cloudwatch/pattern/traversal.ts";
import { compileWildcard } from "../../cloudwatch/pattern/wildcard.ts";
import { type Dialect, literal, type Sql, type Step } from "./dialect.ts";
import { portableRegex } from "./regex.ts";

/** Thrown for a pattern that SQL cannot express exactly. The message is the reason. */
export class NotExpressibleError extends Error {}

/**
 * Translates a filter pattern to an SQL condition, true for exactly the records that the pattern matches
 * and false or NULL for others.
 * @param record SQL expression for a JSON object
 * @throws NotExpressibleError
 */
export function conditionSql(pattern: FilterPattern, dialect: Dialect, record: Sql): Sql {
  if (pattern.kind === "all") return "TRUE";
  if (pattern.kind !== "json") {
    throw new NotExpressibleError(
      `${pattern.kind} patterns match the text of a record as CloudTrail wrote it; ` +
        "only JSON patterns can be translated",
    );
  }
  return render(pattern.condition, { dialect, record, depth: 1 });
}

interface Context {
  readonly dialect: Dialect;
  readonly record: Sql;
  /** Nesting depth, for indentation. */
  readonly depth: number;
}

function render(condition: Condition<JsonTest>, context: Context): Sql {
  if (!isCompound(condition)) return renderTest(condition, context);
  const inner = { ...context, depth: context.depth + 1 };
  const parts =
    condition.type === "and"
      ? condition.conditions.map((part) => group(part, inner))
      : alternatives(condition.conditions, inner);
  const separator = `\n${"  ".repeat(context.depth)}${condition.type === "and" ? "AND" : "OR"} `;
  return parts.join(separator);
}

function group(condition: Condition<JsonTest>, context: Context): Sql {
  const sql = render(condition, context);
  return isCompound(condition) && sql.includes("\n") ? `(${sql})` : sql;
}

/** Combines `a = "x" || a = "y"` into `a IN ('x', 'y')`, which is shorter and extracts the field once. */
function alternatives(conditions: readonly Condition<JsonTest>[], context: Context): Sql[] {
  const lists = new Map<string, { readonly subject: Sql; readonly texts: string[] }>();
  const parts: (() => Sql)[] = [];
  for (const condition of conditions) {
    const plain = plainEquality(condition);
    if (plain === undefined) {
      parts.push(() => group(condition, context));
      continue;
    }
    const list = lists.get(plain.test.selector.text);
    if (list !== undefined) {
      list.texts.push(plain.text);
      continue;
    }
    const path = stepsOf(plain.test.selector.segments);
    const subject = context.dialect.text(context.record, path);
    const added = { subject, texts: [plain.text] };
    lists.set(plain.test.selector.text, added);
    parts.push(() =>
      added.texts.length === 1
        ? `${subject} = ${literal(plain.text)}`
        : `${subject} IN (${added.texts.map(literal).join(", ")})`,
    );
  }
  return parts.map((part) => part());
}

/**
 * Returns a test that only compares the text of a field. Excludes `true` and `false`, which are also the texts of
 * booleans, and wildcards.
 */
function plainEquality(
  condition: Condition<JsonTest>,
): { readonly test: JsonComparison; readonly text: string } | undefined {
  if (isCompound(condition) || condition.type !== "comparison" || condition.operator !== "=") {
    return undefined;
  }
  const { selector, value } = condition;
  if (value.type !== "string" || isBooleanText(value.text)) return undefined;
  if (selector.segments.some(({ type }) => type === "wildcard")) return undefined;
  return { test: condition, text: value.text };
}

function renderTest(test: JsonTest, { dialect, record }: Context): Sql {
  const { segments } = test.selector;
  const wildcard = segments.findIndex(({ type }) => type === "wildcard");
  if (wildcard < 0) return renderOn(test, stepsOf(segments), record, dialect);
  const parent = stepsOf(segments.slice(0, wildcard));
  const rest = stepsOf(segments.slice(wildcard + 1));
  const elements = dialect.elements(record, parent, "arrayOrObject");
  const any = (holds: Sql) =>
    `COALESCE(${dialect.any(elements, "element", `COALESCE(${holds}, FALSE)`)}, FALSE)`;
  switch (test.type) {
    case "missing":
      return `NOT ${any(`${dialect.at("element", rest)} IS NOT NULL`)}`;
    case "is":
      return any(dialect.isConstant("element", rest, test.constant));
    case "comparison": {
      if (test.operator !== "!=") return any(renderOn(test, rest, "element", dialect));
      const equal = renderOn({ ...test, operator: "=" }, rest, "element", dialect);
      return `(${dialect.at(record, parent)} IS NOT NULL AND NOT ${any(equal)})`;
    }
  }
}

/** Renders a test of the value at a path without wildcards. */
function renderOn(test: JsonTest, path: readonly Step[], value: Sql, dialect: Dialect): Sql {
  switch (test.type) {
    case "missing":
      return `${dialect.at(value, path)} IS NULL`;
    case "is": {
      const isConstant = dialect.isConstant(value, path, test.constant);
      if (test.constant !== null) return isConstant;
      const elements = dialect.elements(value, path, "array");
      return `(${isConstant} OR ${dialect.any(elements, "item", dialect.isConstant("item", [], null))})`;
    }
    case "comparison":
      return renderComparison(test, path, value, dialect);
  }
}

function renderComparison(
  { operator, value: operand }: JsonComparison,
  path: readonly Step[],
  value: Sql,
  dialect: Dialect,
): Sql {
  const text = dialect.text(value, path);
  if (operand.type === "number") {
    const number = dialect.number(value, path);
    const double = doubleLiteral(operand);
    if (operator === "=") return `(${text} = ${literal(operand.text)} OR ${number} = ${double})`;
    if (operator !== "!=") return `${number} ${operator} ${double}`;
    const isOtherText = `${dialect.isString(value, path)} AND ${text} <> ${literal(operand.text)}`;
    return `(${number} <> ${double} OR (${isOtherText}))`;
  }
  const isTextual = dialect.isTextual(value, path);
  if (operand.type === "wildcard" && operand.pieces.every((piece) => piece === "")) {
    return operator === "=" ? isTextual : "FALSE";
  }
  const holds = renderEquality(operand, text, dialect);
  // Comparisons match only strings and numbers, but the text may also be that of a boolean.
  if (operator === "!=") return `(${isTextual} AND NOT ${holds})`;
  return canBeBoolean(operand) ? `(${isTextual} AND ${holds})` : holds;
}

function renderEquality(value: Exclude<Value, NumberValue>, text: Sql, dialect: Dialect): Sql {
  switch (value.type) {
    case "string":
      return `${text} = ${literal(value.text)}`;
    case "wildcard":
      return `${text} LIKE ${literal(value.pieces.map(escapeLike).join("%"))} ESCAPE '!'`;
    case "regex":
      return dialect.matches(text, portableRegex(value.source));
  }
}

function escapeLike(piece: string): string {
  return piece.replace(/[!%_]/g, "!$&");
}

function canBeBoolean(value: Exclude<Value, NumberValue>): boolean {
  if (value.type === "string") return isBooleanText(value.text);
  const test =
    value.type === "wildcard" ? compileWildcard(value.pieces) : compileRegex(value.source);
  return test("true") || test("false");
}

function isBooleanText(text: string): boolean {
  return text === "true" || text === "false";
}

/** AWS compares numbers exactly; SQL compares doubles, so only numbers with an exact double are allowed. */
function doubleLiteral({ text }: NumberValue): Sql {
  const number = Number(text);
  const written = parseDecimal(text);
  const nearest = parseDecimal(String(number));
  const isExact =
    written !== undefined &&
    nearest !== undefined &&
    compareDecimals(written, nearest) === 0 &&
    Math.abs(number) <= Number.MAX_SAFE_INTEGER;
  if (!isExact) {
    throw new NotExpressibleError(
      `SQL compares numbers as doubles, which cannot represent ${text} exactly`,
    );
  }
  return `CAST(${literal(String(number))} AS double)`;
}

function stepsOf(segments: readonly Segment[]): readonly Step[] {
  return segments.filter((segment): segment is Step => segment.type !== "wildcard");
}
