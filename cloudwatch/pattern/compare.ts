import { formatJavaDouble } from "../java-double.ts";
import type { NumberValue, Operator, Value } from "./ast.ts";
import { type MatchResult, not } from "./compile-condition.ts";
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";
import { compileRegex } from "./regex.ts";
import { compileWildcard } from "./wildcard.ts";

/** A comparison, by what the field holds. Whatever else it may hold satisfies no comparison. */
export interface Comparison {
  readonly text: (text: string) => boolean;
  readonly number: (number: number | bigint) => MatchResult;
}

/**
 * How the `number`s of a message are to be read.
 * `rounded`: from `JSON.parse`, which gives the same for `1` and `1.0` and rounds large integers.
 * `exact`: from `parseExactJson`, where a `number` is a double and integers are `bigint`s.
 */
export type NumberReading = "rounded" | "exact";

/** A comparison of a value of a JSON message. */
export function compileJsonComparison(
  operator: Operator,
  value: Value,
  reading: NumberReading,
): Comparison {
  if (value.type === "number") return numberComparison(operator, value, reading);
  const test = textTest(value);
  const number = renderedTest(test, reading);
  return operator === "!="
    ? { text: (text) => !test(text), number: (found) => not(number(found)) }
    : { text: test, number };
}

/** Whether a value of a JSON message equals any of these texts. */
export function compileJsonMembership(
  texts: readonly string[],
  reading: NumberReading,
): Comparison {
  const set = new Set(texts);
  const test = (text: string): boolean => set.has(text);
  return { text: test, number: renderedTest(test, reading) };
}

/** A comparison of a field of a line, whose fields are all text: an unquoted number compares as one. */
export function compileFieldComparison(
  operator: Operator,
  value: Value,
): (text: string) => boolean {
  if (value.type === "number") {
    const literal = decimalOf(value);
    const holds = ORDERS[operator];
    return (text) => {
      const found = parseDecimal(text);
      return found === undefined ? operator === "!=" : holds(compareDecimals(found, literal));
    };
  }
  const test = textTest(value);
  return operator === "!=" ? (text) => !test(text) : test;
}

function textTest(value: Exclude<Value, NumberValue>): (text: string) => boolean {
  switch (value.type) {
    case "string":
      return (text) => text === value.text;
    case "wildcard":
      return compileWildcard(value.pieces);
    case "regex":
      return compileRegex(value.source);
  }
}

/** The same test on a number, as AWS renders it: an integer as it is written, any other as a double. */
function renderedTest(
  test: (text: string) => boolean,
  reading: NumberReading,
): (number: number | bigint) => MatchResult {
  return (number) => {
    if (typeof number === "bigint") return test(String(number));
    const asDouble = test(formatJavaDouble(number));
    if (reading === "exact") return asDouble;
    if (Number.isFinite(number) && !Number.isInteger(number)) return asDouble;
    if (!Number.isSafeInteger(number)) return undefined;
    return test(String(number)) === asDouble ? asDouble : undefined;
  };
}

const ORDERS: Readonly<Record<Operator, (order: number) => boolean>> = {
  "=": (order) => order === 0,
  "!=": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

function decimalOf({ text }: NumberValue): Decimal {
  const decimal = parseDecimal(text);
  if (decimal === undefined) throw new Error(`${text} was parsed as a number and is none`);
  return decimal;
}

/** Numbers compare by value; text is equal to the literal as it is written, and never ordered. */
function numberComparison(
  operator: Operator,
  value: NumberValue,
  reading: NumberReading,
): Comparison {
  const literal = decimalOf(value);
  const rounded = Number(value.text);
  // A double that equals the literal's nearest double need not equal the literal: 0 and 1e-999.
  const nearest = parseDecimal(String(rounded));
  const orderOfEqual = nearest === undefined ? 0 : compareDecimals(nearest, literal);
  const holds = ORDERS[operator];
  return {
    text:
      operator === "="
        ? (text) => text === value.text
        : (text) => operator === "!=" && text !== value.text,
    number: (number) => {
      // What overflows a double satisfies nothing, not even !=.
      if (!Number.isFinite(Number(number))) return false;
      if (typeof number === "bigint") {
        const found = parseDecimal(String(number));
        return found !== undefined && holds(compareDecimals(found, literal));
      }
      if (number !== rounded) return holds(number < rounded ? -1 : 1);
      if (reading === "rounded" && !isExact(number)) return undefined;
      return holds(orderOfEqual);
    },
  };
}

/** Whether no integer other than this one rounds to it. */
function isExact(number: number): boolean {
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER;
}
