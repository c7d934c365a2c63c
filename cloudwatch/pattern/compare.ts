import { formatJavaDouble } from "../java-double.ts";
import type { NumberValue, Operator, Value } from "./ast.ts";
import { type MatchResult, negate } from "./compile-condition.ts";
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";
import { compileRegex } from "./regex.ts";
import { compileWildcard } from "./wildcard.ts";

/** A comparison with a string or a number. Values of any other type never satisfy it. */
export interface Comparison {
  readonly text: (text: string) => boolean;
  readonly number: (number: number | bigint) => MatchResult;
}

/**
 * The parser that produced the numbers of a message.
 * `rounded`: `JSON.parse`, which does not distinguish `1` from `1.0` and rounds large integers.
 * `exact`: `parseExactJson`, where a `number` is a double and integers are `bigint`s.
 */
export type NumberReading = "rounded" | "exact";

/** Compiles a comparison with a value of a JSON message. */
export function compileJsonComparison(
  operator: Operator,
  value: Value,
  reading: NumberReading,
): Comparison {
  if (value.type === "number") return numberComparison(operator, value, reading);
  const test = textTest(value);
  const number = formattedNumberTest(test, reading);
  return operator === "!="
    ? { text: (text) => !test(text), number: (operand) => negate(number(operand)) }
    : { text: test, number };
}

/** Compiles a test for equality with any of several texts, for a value of a JSON message. */
export function compileJsonMembership(
  texts: readonly string[],
  reading: NumberReading,
): Comparison {
  const set = new Set(texts);
  const test = (text: string): boolean => set.has(text);
  return { text: test, number: formattedNumberTest(test, reading) };
}

/** Compiles a comparison with a text field. Fields are parsed as numbers if the pattern has a number. */
export function compileFieldComparison(
  operator: Operator,
  value: Value,
): (text: string) => boolean {
  if (value.type === "number") {
    const literal = decimalOf(value);
    const accepts = ORDERS[operator];
    return (text) => {
      const operand = parseDecimal(text);
      return operand === undefined ? operator === "!=" : accepts(compareDecimals(operand, literal));
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

/** Applies a text test to a number as AWS formats it: integers as written, all others as doubles. */
function formattedNumberTest(
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
  if (decimal === undefined)
    throw new Error(`${text} was parsed as a number but is not a valid decimal`);
  return decimal;
}

/** Compares numbers by value. Text equals the literal only as written, and relational operators reject it. */
function numberComparison(
  operator: Operator,
  value: NumberValue,
  reading: NumberReading,
): Comparison {
  const literal = decimalOf(value);
  const rounded = Number(value.text);
  // The nearest double of a literal can differ from the literal: 1e-999 becomes 0.
  const nearestDouble = parseDecimal(String(rounded));
  const orderOfEqual = nearestDouble === undefined ? 0 : compareDecimals(nearestDouble, literal);
  const accepts = ORDERS[operator];
  return {
    text:
      operator === "="
        ? (text) => text === value.text
        : (text) => operator === "!=" && text !== value.text,
    number: (number) => {
      // A number that overflows a double satisfies no comparison, not even !=.
      if (!Number.isFinite(Number(number))) return false;
      if (typeof number === "bigint") {
        const operand = parseDecimal(String(number));
        return operand !== undefined && accepts(compareDecimals(operand, literal));
      }
      if (number !== rounded) return accepts(number < rounded ? -1 : 1);
      if (reading === "rounded" && !isExact(number)) return undefined;
      return accepts(orderOfEqual);
    },
  };
}

/** Returns whether no other integer rounds to this number. */
function isExact(number: number): boolean {
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER;
}
