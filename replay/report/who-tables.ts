import type { CallerTotals, Who } from "../evaluate/who.ts";
import { dateTime, number } from "./format.ts";
import { type Html, html } from "./html.ts";

/** Formats the callers behind a detection's matches: totals, and the earliest events. */
export function renderWho({ principals, roles, addresses, events }: Who): Html {
  const rows = events.map(
    ({ at, eventName, principal, address, eventId, userAgent }) => html`<tr>
<td>${dateTime(at)}</td><td>${eventName}</td><td><code>${principal}</code></td><td>${address}</td><td><code>${eventId}</code></td><td>${userAgent}</td></tr>
`,
  );
  return html`<h3>Who</h3>
${renderTotals("Caller", principals)}
${renderTotals("Role", roles)}
${renderTotals("Address", addresses)}
<details open><summary>The first matches</summary>
<div class="wide"><table>
<thead><tr><th scope="col">Time (UTC)</th><th scope="col">Event</th><th scope="col">Caller</th><th scope="col">Address</th><th scope="col">Event ID</th><th scope="col">User agent</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div></details>`;
}

function renderTotals(title: string, { top, distinct }: CallerTotals): Html {
  if (top.length === 0) return html``;
  const more = distinct - top.length;
  return html`<table>
<thead><tr><th scope="col">${title}</th><th scope="col" class="number">Matches</th></tr></thead>
<tbody>
${top.map(({ value, count }) => html`<tr><td><code>${value}</code></td><td class="number">${number(count)}</td></tr>\n`)}</tbody>
</table>
${more > 0 ? html`<p>And ${number(more)} more.</p>` : ""}`;
}
