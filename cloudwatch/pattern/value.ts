import type { EqualityOperator, Operator, RelationalOperator, Value } from "./ast.ts";
import { invalidPattern } from "./error.ts";
import { type Lexer, type Token, unexpected } from "./lexer.ts";
import { compileRegex } from "./regex.ts";

const EQUALITY: readonly EqualityOperator[] = ["=", "!="];
const ORDER: readonly RelationalOperator[] = ["<", "<=", ">", ">="];

export function parseOperator(token: Token): Operator | undefined {
  if (token.type !== "symbol") return undefined;
  return [...EQUALITY, ...ORDER].find((operator) => operator === token.text);
}

export function isRelational(operator: Operator): operator is RelationalOperator {
  return (ORDER as readonly Operator[]).includes(operator);
}

const LARGEST_EXPONENT = 2 ** 31 - 1;

/** Reads what a field is compared with. */
export function parseValue(lexer: Lexer): Value {
  const token = lexer.next();
  switch (token.type) {
    case "quoted":
      return textValue(token.value);
    case "regex":
      compileRegex(token.source); // so that a pattern that parses also matches
      return { type: "regex", source: token.source };
    case "number": {
      const exponent = Number(/[eE](.*)$/.exec(token.text)?.[1] ?? 0);
      if (Math.abs(exponent) > LARGEST_EXPONENT) {
        throw invalidPattern(
          `${token.text} has an exponent beyond ${LARGEST_EXPONENT}; quote it if it is text.`,
        );
      }
      return { type: "number", text: token.text };
    }
    case "word":
      if (token.text.toLowerCase() === "null") {
        throw unexpected(token, 'a value; write IS NULL, or "null" in quotes if it is text');
      }
      return textValue(token.text);
    default:
      throw unexpected(token, "a value: text, a number or a %regex%");
  }
}

function textValue(text: string): Value {
  return text.includes("*")
    ? { type: "wildcard", pieces: text.split("*") }
    : { type: "string", text };
}
