import type { Condition } from "./ast.ts";
import { isCompound } from "./traversal.ts";

/**
 * What a test says of a message. `undefined`: it cannot say, because the number it read may have been
 * rounded or may have been written otherwise; the text of the message decides.
 */
export type MatchResult = boolean | undefined;

export type Test<Subject> = (subject: Subject) => MatchResult;

/** Builds one function from a condition, given one for each of its tests. */
export function compileCondition<Node extends { readonly type: string }, Subject>(
  condition: Condition<Node>,
  compileTest: (test: Node) => Test<Subject>,
): Test<Subject> {
  if (!isCompound(condition)) return compileTest(condition);
  const tests = condition.conditions.map((inner) => compileCondition(inner, compileTest));
  // False decides a conjunction and true a disjunction, whatever the other tests cannot say.
  const decisive = condition.type === "or";
  return (subject) => {
    let result: MatchResult = !decisive;
    for (const test of tests) {
      const truth = test(subject);
      if (truth === decisive) return decisive;
      if (truth === undefined) result = undefined;
    }
    return result;
  };
}

export function not(truth: MatchResult): MatchResult {
  return truth === undefined ? undefined : !truth;
}
