import { html } from "hono/html";
import { layout } from "../layout.ts";
import type { Html } from "../panels/format.ts";
import type { ConsoleSources } from "../sources.ts";
import { trailFilters } from "../trail.ts";
import { exampleIds, MAX_EVENTS } from "./events.ts";
import { workbenchResults } from "./results.ts";

export interface WorkbenchPageProps {
  readonly token: string;
  /** Name of the metric filter to begin with. */
  readonly filterName?: string | undefined;
  /** ID of the trail's record to begin with; default: the examples of the filter's detection. */
  readonly recordId?: string | undefined;
}

/** Renders the workbench with the result of the initial pattern. */
export function workbenchPage(sources: ConsoleSources, props: WorkbenchPageProps): Html {
  const { token, filterName, recordId } = props;
  const filters = trailFilters(sources);
  const filter =
    filters.find(({ name }) => name === filterName) ??
    filters.find(({ transformation }) => transformation.metricName === "kms-errors") ??
    filters[0];
  const pattern = filter?.pattern ?? "";
  const detection = filter?.transformation.metricName ?? "";
  const events =
    recordId === undefined
      ? ({ from: "examples", detection } as const)
      : ({ from: "record", recordId } as const);
  return layout({
    title: "Filter workbench · Cipherwatch lab",
    path: "/workbench",
    token,
    script: "workbench.js",
    skipTo: { id: "pattern", label: "Skip to the pattern" },
    content: html`<main class="tool">
  <section class="panel" aria-labelledby="workbench-title">
    <h2 id="workbench-title">Try a filter pattern</h2>
    <p class="hint">CloudWatch Logs filter patterns, evaluated by the lab as you type. Nothing is deployed or stored.</p>
    <form id="workbench" class="stacked" autocomplete="off">
      <label>Begin with the pattern of
        <select name="filter">${filters.map(
          (each) =>
            html`<option value="${each.transformation.metricName}" data-pattern="${each.pattern}" ${each === filter ? "selected" : ""}>${each.name}</option>`,
        )}</select></label>
      <label>Pattern <textarea id="pattern" name="pattern" rows="6" spellcheck="false" aria-describedby="workbench-summary">${pattern}</textarea></label>
      <label>Events
        <select name="events">
          ${recordId === undefined ? "" : html`<option value="record:${recordId}" selected>The record that was open</option>`}
          <option value="trail">Newest records of the trail</option>
          <option value="pasted">Events that I paste</option>
          <optgroup label="Examples of a detection">${exampleIds.map(
            (id) =>
              html`<option value="examples:${id}" ${recordId === undefined && id === detection ? "selected" : ""}>Examples of ${id}</option>`,
          )}</optgroup>
        </select></label>
      <label id="pasted" hidden>Events to try: CloudTrail JSON (one record or a file with Records), or one log
        event on each line; at most ${MAX_EVENTS}
        <textarea name="text" rows="10" spellcheck="false"></textarea></label>
    </form>
  </section>
  <section class="panel" aria-labelledby="results-title">
    <h2 id="results-title">Result</h2>
    <div id="results">${workbenchResults(sources, { pattern, events })}</div>
  </section>
</main>`,
  });
}
