import type { Condition, FilterPattern, JsonTest, Segment, Selector, Value } from "./ast.ts";
import { parseMessage } from "./json-match.ts";
import { matches } from "./matcher.ts";
import { resolveSegment } from "./selector.ts";
import { isCompound } from "./traversal.ts";

/** Why a pattern matches a message or does not. */
export interface Explanation {
  readonly matched: boolean;
  /** Set for a JSON pattern and a message that is one JSON object. */
  readonly condition?: ExplainedCondition;
}

export type ExplainedCondition = ExplainedClause | ExplainedGroup;

/** Conditions joined by `&&` or `||`. */
export interface ExplainedGroup {
  readonly type: "and" | "or";
  readonly matched: boolean;
  readonly conditions: readonly ExplainedCondition[];
}

/** One test, such as `$.errorCode = "*"`. */
export interface ExplainedClause {
  readonly type: "clause";
  readonly matched: boolean;
  readonly text: string;
  readonly selector: Selector;
  /** The values that the selector finds in the message; several only for a wildcard. */
  readonly values: readonly unknown[];
}

/**
 * Evaluates every clause of a JSON pattern. Matching alone would stop at the first decisive one.
 * For the other kinds of patterns, explains only whether the whole pattern matches.
 */
export function explain(pattern: FilterPattern, message: string): Explanation {
  const matched = matches(pattern, message);
  const root = pattern.kind === "json" ? parseMessage(message) : undefined;
  if (pattern.kind !== "json" || root === undefined) return { matched };
  return { matched, condition: explainCondition(pattern.condition, message, root) };
}

function explainCondition(
  condition: Condition<JsonTest>,
  message: string,
  root: object,
): ExplainedCondition {
  if (isCompound(condition)) {
    const conditions = condition.conditions.map((inner) => explainCondition(inner, message, root));
    const matched =
      condition.type === "and"
        ? conditions.every((inner) => inner.matched)
        : conditions.some((inner) => inner.matched);
    return { type: condition.type, matched, conditions };
  }
  const { selector } = condition;
  const text = formatTest(condition);
  return {
    type: "clause",
    matched: matches({ kind: "json", source: text, condition }, message),
    text,
    selector,
    values: selectPaths(root, selector.segments).map(({ value }) => value),
  };
}

/** A value in a message, and the property names and indexes that lead to it. */
export interface SelectedValue {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** Returns the values that a selector's segments find, in the order of the message. */
export function selectPaths(root: unknown, segments: readonly Segment[]): readonly SelectedValue[] {
  let selected: readonly SelectedValue[] = [{ path: [], value: root }];
  for (const segment of segments) {
    selected = selected.flatMap(({ path, value }) =>
      childrenOf(value, segment).map((child) => ({
        path: [...path, child.key],
        value: child.value,
      })),
    );
  }
  return selected;
}

function childrenOf(
  value: unknown,
  segment: Segment,
): readonly { readonly key: string | number; readonly value: unknown }[] {
  if (segment.type !== "wildcard") {
    const child = resolveSegment(value, segment);
    const key = segment.type === "index" ? segment.index : segment.name;
    return child === undefined ? [] : [{ key, value: child }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).map(([key, child]) => ({
    key: Array.isArray(value) ? Number(key) : key,
    value: child,
  }));
}

/** Formats a test as it is written in a pattern. Texts are always quoted. */
function formatTest(test: JsonTest): string {
  const { text } = test.selector;
  switch (test.type) {
    case "missing":
      return `${text} NOT EXISTS`;
    case "is":
      return `${text} IS ${String(test.constant).toUpperCase()}`;
    case "comparison":
      return `${text} ${test.operator} ${formatValue(test.value)}`;
  }
}

function formatValue(value: Value): string {
  switch (value.type) {
    case "string":
      return `"${value.text}"`;
    case "wildcard":
      return `"${value.pieces.join("*")}"`;
    case "number":
      return value.text;
    case "regex":
      return `%${value.source}%`;
  }
}
