import { html } from "hono/html";
import type { MetricFilter } from "../../../cloudwatch/metric-filter.ts";
import { type Explanation, explain } from "../../../cloudwatch/pattern/explain.ts";
import type { ConsoleSources } from "../sources.ts";
import { patternOf, trailFilters, trailItems } from "../trail.ts";
import { clausesOf, clauseTree, marksOf, verdictMark } from "./explanation.ts";
import { type Html, terraformAddress } from "./format.ts";
import { markedJson } from "./marked-json.ts";

const EXAMINED_RECORDS = 10_000;

interface ExplainedFilter {
  readonly filter: MetricFilter;
  readonly explanation: Explanation;
}

/**
 * Renders a record in full, and each pattern clause by clause. Marks the values that the first pattern examines:
 * patterns that match come first, then those with the largest share of clauses met.
 * @returns undefined for an unknown event
 */
export function recordPanel(sources: ConsoleSources, recordId: string): Html | undefined {
  const item = trailItems(sources, EXAMINED_RECORDS).find(({ id }) => id === recordId);
  if (item === undefined) return undefined;
  const explained = trailFilters(sources)
    .map((filter) => ({ filter, explanation: explain(patternOf(filter), item.message) }))
    .sort((a, b) => score(b.explanation) - score(a.explanation));
  const [shown] = explained;
  const matched = explained.filter(({ explanation }) => explanation.matched).length;
  const verdict = item.delivered
    ? matched === 0
      ? "No metric filter counts this record."
      : `${matched} of ${explained.length} metric filters count this record.`
    : `CloudTrail has not delivered this record yet. ${matched} of ${explained.length} metric filters will count it.`;
  return html`<h2 id="record-title">${item.eventName}${item.errorCode === undefined ? "" : html` <span class="error-code">${item.errorCode}</span>`}</h2>
    <p class="summary ${matched > 0 ? "alert" : ""}">${verdict}</p>
    <div class="record-columns">
      <section aria-label="Patterns">
        ${explained.map((each, index) => filterDetails(each, { isOpen: index === 0, recordId }, sources))}
      </section>
      <section aria-label="Record">
        <p class="hint">Marked: the values that the first pattern examines.</p>
        <pre class="record">${markedJson(item.record, shown === undefined ? new Map() : marksOf(item.record, shown.explanation))}</pre>
      </section>
    </div>`;
}

/** Returns a rank that puts matches first, and orders the others by their share of clauses met. */
function score({ matched, condition }: Explanation): number {
  const all = condition === undefined ? [] : clausesOf(condition);
  const met = all.filter((clause) => clause.matched).length;
  return (matched ? 1 : 0) + (all.length === 0 ? 0 : met / all.length);
}

function filterDetails(
  { filter, explanation }: ExplainedFilter,
  { isOpen, recordId }: { readonly isOpen: boolean; readonly recordId: string },
  { addressOf }: ConsoleSources,
): Html {
  const { matched } = explanation;
  return html`<details class="filter" ${isOpen ? "open" : ""}>
    <summary>${verdictMark(matched)} <span>${filter.transformation.metricName}</span>
      <span class="hint">${matched ? "matches" : "does not match"}</span></summary>
    ${clauseTree(explanation)}
    <p class="hint">Pattern (<a href="/workbench?filter=${encodeURIComponent(filter.name)}&amp;record=${encodeURIComponent(recordId)}">try changes</a>)</p>
    <pre class="pattern">${filter.pattern}</pre>
    ${terraformAddress(addressOf("aws_cloudwatch_log_metric_filter", filter.name))}
  </details>`;
}
