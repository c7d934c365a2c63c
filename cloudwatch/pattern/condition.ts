import type { Condition } from "./ast.ts";
import type { Lexer } from "./lexer.ts";

/** Parses tests joined by `&&` and `||`. `&&` binds tighter than `||`, and parentheses override both. */
export function parseCondition<Test>(lexer: Lexer, parseTest: () => Test): Condition<Test> {
  function parseOr(): Condition<Test> {
    return parseChain("or", "||", parseAnd);
  }

  function parseAnd(): Condition<Test> {
    return parseChain("and", "&&", parseOperand);
  }

  function parseOperand(): Condition<Test> {
    if (!lexer.accept("(")) return parseTest();
    const inner = parseOr();
    lexer.expect(")");
    return inner;
  }

  function parseChain(
    type: "and" | "or",
    symbol: string,
    parseOperand: () => Condition<Test>,
  ): Condition<Test> {
    const conditions = [parseOperand()];
    while (lexer.accept(symbol)) conditions.push(parseOperand());
    return conditions.length === 1 && conditions[0] !== undefined
      ? conditions[0]
      : { type, conditions };
  }

  return parseOr();
}
