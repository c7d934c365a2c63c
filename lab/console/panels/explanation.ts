import { html } from "hono/html";
import {
  type ExplainedClause,
  type ExplainedCondition,
  type Explanation,
  selectPaths,
} from "../../../cloudwatch/pattern/explain.ts";
import type { Html } from "./format.ts";
import type { MarkedPaths } from "./marked-json.ts";

/** Renders why a pattern matches or not, as a tree of clauses with the values that each one examined. */
export function clauseTree({ condition }: Explanation): Html {
  return condition === undefined
    ? html``
    : html`<ul class="clauses">${conditionItem(condition)}</ul>`;
}

export function verdictMark(matched: boolean): Html {
  return matched
    ? html`<span class="met"><span aria-hidden="true">✓</span><span class="visually-hidden">met:</span></span>`
    : html`<span class="unmet"><span aria-hidden="true">✗</span><span class="visually-hidden">not met:</span></span>`;
}

function conditionItem(condition: ExplainedCondition): Html {
  if (condition.type !== "clause") {
    const label = condition.type === "and" ? "all of" : "any of";
    return html`<li>${verdictMark(condition.matched)} <em>${label}</em>
      <ul>${condition.conditions.map(conditionItem)}</ul></li>`;
  }
  const { text, values, matched } = condition;
  const found =
    values.length === 0
      ? "not in the record"
      : values.map((value) => JSON.stringify(value)).join(", ");
  return html`<li>${verdictMark(matched)} <code>${text}</code> <span class="found">${found}</span></li>`;
}

export function clausesOf(condition: ExplainedCondition): readonly ExplainedClause[] {
  return condition.type === "clause" ? [condition] : condition.conditions.flatMap(clausesOf);
}

/** Returns the paths of the values that the clauses examine, and whether each is met. */
export function marksOf(record: unknown, { condition }: Explanation): MarkedPaths {
  const marks = new Map<string, boolean>();
  for (const { selector, matched } of condition === undefined ? [] : clausesOf(condition)) {
    for (const { path } of selectPaths(record, selector.segments)) {
      const key = JSON.stringify(path);
      marks.set(key, matched || marks.get(key) === true);
    }
  }
  return marks;
}
