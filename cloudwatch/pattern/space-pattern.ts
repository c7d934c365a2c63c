import type { SpaceComparison, SpaceField, SpacePattern } from "./ast.ts";
import { parseCondition } from "./condition.ts";
import { FilterPatternError } from "./error.ts";
import { createLexer, type Lexer, rangeOf, type Syntax, type Token, unexpected } from "./lexer.ts";
import { isRelational, parseOperator, parseValue } from "./value.ts";

const SYNTAX: Syntax = {
  symbols: ["[", "]", ",", "(", ")", "&&", "||", "!=", "<=", ">=", "=", "<", ">"],
  selectors: false,
};

const ELLIPSIS = "...";

/** @param source the pattern, including `[` and `]` */
export function parseSpacePattern(source: string): SpacePattern {
  const lexer = createLexer(source, SYNTAX);
  const fields: SpaceField[] = [];
  const names = new Set<string>();
  lexer.expect("[");
  if (!isSymbol(lexer.peek(), "]")) {
    do {
      const first = lexer.peek();
      const field = parseField(lexer);
      const name = field.type === "ellipsis" ? ELLIPSIS : field.name;
      if (name !== undefined && names.has(name)) {
        throw new FilterPatternError(
          `Duplicate field '${name}'`,
          name === ELLIPSIS
            ? "A pattern can contain ... only once."
            : `Field names must be unique; ${name} occurs twice.`,
          rangeOf(first),
        );
      }
      if (name !== undefined) names.add(name);
      fields.push(field);
    } while (lexer.accept(","));
  }
  lexer.expect("]");
  if (lexer.peek().type !== "end") throw unexpected(lexer.peek(), "nothing after ']'");
  return { kind: "space", source, fields };
}

function parseField(lexer: Lexer): SpaceField {
  const first = lexer.peek();
  if (isFieldEnd(first)) return { type: "field" };
  if (first.type === "word" && first.text === ELLIPSIS) {
    lexer.next();
    return { type: "ellipsis" };
  }
  if (!isSymbol(first, "(")) {
    const name = fieldName(first);
    if (isFieldEnd(lexer.peek(1))) {
      lexer.next();
      return { type: "field", name };
    }
  }
  let name: string | undefined;
  const condition = parseCondition(lexer, (): SpaceComparison => {
    const token = lexer.next();
    const operand = fieldName(token);
    name ??= operand;
    if (operand !== name) {
      throw new FilterPatternError(
        `Multiple variables used in a single filter. Var1 : ${name}, Var2 : ${operand}`,
        `The condition of a field can refer only to that field; separate ${name} and ${operand} with a comma.`,
        rangeOf(token),
      );
    }
    return parseComparison(lexer);
  });
  return { type: "field", ...(name !== undefined && { name }), condition };
}

function parseComparison(lexer: Lexer): SpaceComparison {
  const verb = lexer.next();
  const operator = parseOperator(verb);
  if (operator === undefined) throw unexpected(verb, "one of = != < <= > >=");
  const object = lexer.peek();
  if (isRelational(operator) && object.type !== "number") {
    throw unexpected(object, `an unquoted number after ${operator}`);
  }
  return { type: "comparison", operator, value: parseValue(lexer) };
}

function fieldName(token: Token): string {
  if (token.type !== "word" && token.type !== "number") throw unexpected(token, "a field name");
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(token.text)) {
    throw new FilterPatternError(
      `Invalid character(s) in term '${token.text}'`,
      `A field name must consist of letters, digits and _ and must not start with a digit; received '${token.text}'.`,
      rangeOf(token),
    );
  }
  return token.text;
}

function isFieldEnd(token: Token): boolean {
  return isSymbol(token, ",") || isSymbol(token, "]");
}

function isSymbol(token: Token, symbol: string): boolean {
  return token.type === "symbol" && token.text === symbol;
}
