import { html } from "hono/html";
import type { ConsoleSources } from "../sources.ts";
import { type TrailItem, trailItems } from "../trail.ts";
import { countdown, type Html, timeElement } from "./format.ts";

/** Lists the newest CloudTrail records, newest first. */
export function trailPanel(sources: ConsoleSources, limit: number): Html {
  const records = trailItems(sources, limit);
  if (records.length === 0) {
    return html`<p class="empty">No record yet. Every request to the service uses the KMS key, and CloudTrail
      records every use.</p>`;
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label="CloudTrail records">
    <table>
      <thead><tr><th>Time</th><th>Event</th><th>Caller</th><th>Delivered</th><th>Matches</th></tr></thead>
      <tbody>${records.map(recordRow)}</tbody>
    </table>
  </div>`;
}

function recordRow(item: TrailItem): Html {
  const { id, eventName, errorCode, caller, calledAt, delivered, deliveredAt } = item;
  const matched = item.filters.map(({ transformation }) => transformation.metricName);
  return html`<tr id="row-${id}" class="${matched.length > 0 ? "alert" : ""}">
    <td>${timeElement(calledAt)}</td>
    <td><button type="button" class="link" data-record="${id}">${eventName}</button>
      ${errorCode === undefined ? "" : html`<span class="error-code">${errorCode}</span>`}
      ${item.injected ? html`<span class="tag">injected</span>` : ""}</td>
    <td class="caller">${caller}</td>
    <td>${delivered ? timeElement(deliveredAt) : countdown(calledAt, deliveredAt)}</td>
    <td>${matched.map((name) => html`<span class="tag alert">${name}</span> `)}</td>
  </tr>`;
}
