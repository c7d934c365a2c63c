import type { Condition } from "./ast.ts";
import { isCompound } from "./traversal.ts";

/**
 * The result of a test. `undefined`: undecided, because the result depends on how a number was written
 * (`1` or `1.0`) or on digits that parsing rounded away. The message must then be parsed exactly.
 */
export type MatchResult = boolean | undefined;

export type Test<Subject> = (subject: Subject) => MatchResult;

/** Compiles a condition into one function, given a compiler for its tests. */
export function compileCondition<Node extends { readonly type: string }, Subject>(
  condition: Condition<Node>,
  compileTest: (test: Node) => Test<Subject>,
): Test<Subject> {
  if (!isCompound(condition)) return compileTest(condition);
  const tests = condition.conditions.map((inner) => compileCondition(inner, compileTest));
  // One false decides a conjunction and one true a disjunction, even if other tests are undecided.
  const decisive = condition.type === "or";
  return (subject) => {
    let result: MatchResult = !decisive;
    for (const test of tests) {
      const matched = test(subject);
      if (matched === decisive) return decisive;
      if (matched === undefined) result = undefined;
    }
    return result;
  };
}

export function negate(result: MatchResult): MatchResult {
  return result === undefined ? undefined : !result;
}
