import { html } from "hono/html";
import { z } from "zod";
import type { FilterPattern } from "../../../cloudwatch/pattern/ast.ts";
import { FilterPatternError } from "../../../cloudwatch/pattern/error.ts";
import { type Explanation, explain } from "../../../cloudwatch/pattern/explain.ts";
import { parseMessage } from "../../../cloudwatch/pattern/json-match.ts";
import { parsePattern } from "../../../cloudwatch/pattern/parse.ts";
import { warnings } from "../../../cloudwatch/pattern/warnings.ts";
import { clauseTree, marksOf, verdictMark } from "../panels/explanation.ts";
import type { Html } from "../panels/format.ts";
import { markedJson } from "../panels/marked-json.ts";
import type { ConsoleSources } from "../sources.ts";
import { type CandidateEvent, candidateEvents, EventSelection } from "./events.ts";

export const WorkbenchRequest = z.strictObject({
  /** Longer than the 1,024 characters that AWS allows, so that a longer pattern results in AWS's error. */
  pattern: z.string().max(10_000),
  events: EventSelection,
});
export type WorkbenchRequest = z.infer<typeof WorkbenchRequest>;

/** Renders which events a pattern matches and why, or the error that AWS would return. */
export function workbenchResults(
  sources: ConsoleSources,
  { pattern, events }: WorkbenchRequest,
): Html {
  let parsed: FilterPattern;
  try {
    parsed = parsePattern(pattern);
  } catch (error) {
    if (error instanceof FilterPatternError) return patternError(pattern, error);
    throw error;
  }
  try {
    return matchResults(parsed, candidateEvents(sources, events));
  } catch (error) {
    return html`<p class="summary alert" id="workbench-summary">${(error as Error).message}</p>`;
  }
}

/** Renders AWS's error message, and the pattern with the invalid part marked. */
function patternError(pattern: string, { code, message, detail, range }: FilterPatternError): Html {
  const leading = pattern.length - pattern.trimStart().length;
  const start = Math.min(pattern.length, leading + (range?.start ?? 0));
  const end = Math.min(pattern.length, leading + (range?.end ?? 0));
  const before = pattern.slice(0, start).split("\n");
  const place = `Line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
  return html`<p class="summary alert" id="workbench-summary"><code>${code}: ${message}</code></p>
    <p>${range === undefined ? "" : html`<strong id="error-place">${place}.</strong> `}${detail}</p>
    ${
      range === undefined
        ? ""
        : html`<pre class="pattern">${pattern.slice(0, start)}<mark class="unmet">${
            pattern.slice(start, end) || "␣"
          }</mark>${pattern.slice(end)}</pre>`
    }`;
}

function matchResults(pattern: FilterPattern, events: readonly CandidateEvent[]): Html {
  const explained = events.map((event) => ({
    event,
    explanation: explain(pattern, event.message),
  }));
  const matched = explained.filter(({ explanation }) => explanation.matched).length;
  const unexpected = explained.filter(({ event, explanation }) => isUnexpected(event, explanation));
  const summary =
    events.length === 0
      ? "There are no events to try the pattern on."
      : `${matched} of ${events.length} events match.`;
  return html`<p class="summary ${unexpected.length > 0 ? "alert" : ""}" id="workbench-summary">${summary}${
    unexpected.length > 0 ? ` ${unexpected.length} differ from what the detection must match.` : ""
  }</p>
  ${warnings(pattern).map((warning) => html`<p class="warning">${warning}</p>`)}
  <ul class="events">${explained.map(({ event, explanation }, index) => eventItem(event, explanation, index))}</ul>`;
}

function isUnexpected({ mustMatch }: CandidateEvent, { matched }: Explanation): boolean {
  return mustMatch !== undefined && mustMatch !== matched;
}

function eventItem(event: CandidateEvent, explanation: Explanation, index: number): Html {
  const { matched, condition } = explanation;
  const record = parseMessage(event.message);
  const content =
    record === undefined
      ? html`<pre class="record">${event.message}</pre>`
      : html`<pre class="record">${markedJson(record, marksOf(record, explanation))}</pre>`;
  return html`<li class="event ${isUnexpected(event, explanation) ? "unexpected" : ""}">
    <details ${index === 0 ? "open" : ""}>
      <summary>${verdictMark(matched)} <span>${event.title}</span>
        <span class="hint">${matched ? "matches" : "does not match"}${expectation(event, explanation)}</span></summary>
      ${condition === undefined && record === undefined && !matched ? html`<p class="hint">A JSON pattern matches only log events that are one JSON object.</p>` : ""}
      ${clauseTree(explanation)}
      ${content}
    </details>
  </li>`;
}

function expectation(event: CandidateEvent, explanation: Explanation): string {
  if (!isUnexpected(event, explanation)) return "";
  return event.mustMatch ? ", but must" : ", but must not";
}
