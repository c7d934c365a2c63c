import type { AllOf, AnyOf, Condition, FilterPattern, Selector, Value } from "./ast.ts";

export function isCompound<Test extends { readonly type: string }>(
  condition: Condition<Test>,
): condition is AllOf<Test> | AnyOf<Test> {
  return condition.type === "and" || condition.type === "or";
}

/** The tests of a condition, in the order in which they are written. */
export function* conditionTests<Test extends { readonly type: string }>(
  condition: Condition<Test>,
): Generator<Test> {
  if (isCompound(condition)) {
    for (const inner of condition.conditions) yield* conditionTests(inner);
  } else {
    yield condition;
  }
}

/** All that fields are compared with, in the order in which it is written. */
export function* patternValues(pattern: FilterPattern): Generator<Value> {
  if (pattern.kind === "regex") yield pattern.regex;
  if (pattern.kind === "json") {
    for (const test of conditionTests(pattern.condition))
      if (test.type === "comparison") yield test.value;
  }
  if (pattern.kind === "space") {
    for (const field of pattern.fields) {
      if (field.type === "ellipsis" || field.condition === undefined) continue;
      for (const test of conditionTests(field.condition)) yield test.value;
    }
  }
}

/** All selectors of a JSON pattern, in the order in which they are written. */
export function* patternSelectors(pattern: FilterPattern): Generator<Selector> {
  if (pattern.kind !== "json") return;
  for (const test of conditionTests(pattern.condition)) yield test.selector;
}
