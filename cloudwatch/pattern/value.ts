import type { EqualityOperator, Operator, RelationalOperator, Value } from "./ast.ts";
import { invalidPattern, parsePart } from "./error.ts";
import { type Lexer, rangeOf, type Token, unexpected } from "./lexer.ts";
import { compileRegex } from "./regex.ts";

const EQUALITY: readonly EqualityOperator[] = ["=", "!="];
const RELATIONAL: readonly RelationalOperator[] = ["<", "<=", ">", ">="];

/** Returns the operator that a token represents; `undefined` if it is not an operator. */
export function parseOperator(token: Token): Operator | undefined {
  if (token.type !== "symbol") return undefined;
  return [...EQUALITY, ...RELATIONAL].find((operator) => operator === token.text);
}

export function isRelational(operator: Operator): operator is RelationalOperator {
  return (RELATIONAL as readonly Operator[]).includes(operator);
}

const MAX_EXPONENT = 2 ** 31 - 1;

/** Parses the right-hand side of a comparison. */
export function parseValue(lexer: Lexer): Value {
  const token = lexer.next();
  switch (token.type) {
    case "quoted":
      return textValue(token.value);
    case "regex":
      parsePart(rangeOf(token), () => compileRegex(token.source)); // validates it
      return { type: "regex", source: token.source };
    case "number": {
      const exponent = Number(/[eE](.*)$/.exec(token.text)?.[1] ?? 0);
      if (Math.abs(exponent) > MAX_EXPONENT) {
        throw invalidPattern(
          `The exponent of ${token.text} exceeds ${MAX_EXPONENT}; quote the value if it is text.`,
          rangeOf(token),
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
