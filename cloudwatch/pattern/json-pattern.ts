import type { JsonPattern, JsonTest } from "./ast.ts";
import { parseCondition } from "./condition.ts";
import { FilterPatternError } from "./error.ts";
import { createLexer, type Lexer, rangeOf, type Syntax, type Token, unexpected } from "./lexer.ts";
import { isRelational, parseOperator, parseValue } from "./value.ts";

const SYNTAX: Syntax = {
  symbols: ["{", "}", "(", ")", "&&", "||", "!=", "<=", ">=", "=", "<", ">"],
  selectors: true,
};

/** @param source the pattern, including `{` and `}` */
export function parseJsonPattern(source: string): JsonPattern {
  const lexer = createLexer(source, SYNTAX);
  lexer.expect("{");
  const condition = parseCondition(lexer, () => parseTest(lexer));
  lexer.expect("}");
  if (lexer.peek().type !== "end") throw unexpected(lexer.peek(), "nothing after '}'");
  return { kind: "json", source, condition };
}

function parseTest(lexer: Lexer): JsonTest {
  const subject = lexer.next();
  if (subject.type !== "selector") throw unexpected(subject, "a selector such as $.eventName");
  const { selector } = subject;
  const verb = lexer.next();
  switch (keyword(verb)) {
    case "is":
      return { type: "is", selector, constant: parseConstant(lexer.next()) };
    case "not": {
      const object = lexer.next();
      if (keyword(object) !== "exists") throw unexpectedTerm(object, "EXISTS after NOT");
      return { type: "missing", selector };
    }
  }
  const operator = parseOperator(verb);
  if (operator === undefined) {
    throw unexpected(verb, "one of = != < <= > >=, IS NULL, IS TRUE, IS FALSE, NOT EXISTS");
  }
  const object = lexer.peek();
  if (isRelational(operator) && object.type !== "number") {
    throw unexpectedTerm(object, `an unquoted number after ${operator}`);
  }
  return { type: "comparison", selector, operator, value: parseValue(lexer) };
}

function parseConstant(token: Token): null | boolean {
  switch (keyword(token)) {
    case "null":
      return null;
    case "true":
      return true;
    case "false":
      return false;
    default:
      throw unexpectedTerm(token, "NULL, TRUE or FALSE after IS");
  }
}

function keyword(token: Token): string | undefined {
  return token.type === "word" ? token.text.toLowerCase() : undefined;
}

/** Returns the error for a position that allows only one kind of term: AWS then reports the term it found. */
function unexpectedTerm(token: Token, allowed: string): FilterPatternError {
  return new FilterPatternError(
    `Invalid character(s) in term '${token.text}'`,
    `Character ${token.start + 1} begins '${token.text}'; expected ${allowed}.`,
    rangeOf(token),
  );
}
