import type { AllOf, AnyOf, Condition, FilterPattern, Selector, Value } from "./ast.ts";

/** Returns whether a condition joins others with `&&` or `||`. */
export function isCompound<Test extends { readonly type: string }>(
  condition: Condition<Test>,
): condition is AllOf<Test> | AnyOf<Test> {
  return condition.type === "and" || condition.type === "or";
}

/** Yields the tests of a condition in source order. */
export function* conditionTests<Test extends { readonly type: string }>(
  condition: Condition<Test>,
): Generator<Test> {
  if (isCompound(condition)) {
    for (const inner of condition.conditions) yield* conditionTests(inner);
  } else {
    yield condition;
  }
}

/** Yields the values that a pattern compares with, in source order. */
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

/** Yields the selectors of a JSON pattern in source order. */
export function* patternSelectors(pattern: FilterPattern): Generator<Selector> {
  if (pattern.kind !== "json") return;
  for (const test of conditionTests(pattern.condition)) yield test.selector;
}
