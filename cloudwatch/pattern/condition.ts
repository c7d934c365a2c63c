import type { Condition } from "./ast.ts";
import type { Lexer } from "./lexer.ts";

/** Reads tests joined by `&&` and `||`; parentheses bind first, then `&&`, then `||`. */
export function parseCondition<Test>(lexer: Lexer, parseTest: () => Test): Condition<Test> {
  function any(): Condition<Test> {
    return join("or", "||", all);
  }

  function all(): Condition<Test> {
    return join("and", "&&", atom);
  }

  function atom(): Condition<Test> {
    if (!lexer.take("(")) return parseTest();
    const inner = any();
    lexer.expect(")");
    return inner;
  }

  function join(
    type: "and" | "or",
    symbol: string,
    operand: () => Condition<Test>,
  ): Condition<Test> {
    const conditions = [operand()];
    while (lexer.take(symbol)) conditions.push(operand());
    return conditions.length === 1 && conditions[0] !== undefined
      ? conditions[0]
      : { type, conditions };
  }

  return any();
}
