import { counted, dateTime, duration, number } from "./format.ts";
import { type Html, html } from "./html.ts";
import { whyNothingHidden } from "./order.ts";
import type { AlarmSpan, ExclusionReport, RemainingAlarm, Report } from "./report.ts";
import { renderWho } from "./who-tables.ts";

/** Formats what would still fire with `--exclude`, and what would no longer be detected. */
export function renderExclusions({ exclusions }: Report): Html {
  if (exclusions === null) return html``;
  return html`<section aria-labelledby="exclusions">
<h2 id="exclusions">With --exclude</h2>
${exclusions.detections.map(renderExclusion)}
${exclusions.composites.filter(({ lost }) => lost.length > 0).map(renderAlarm)}
</section>
`;
}

function renderExclusion(report: ExclusionReport): Html {
  const { id, exclusions, remaining, hidden, alarms } = report;
  const total = remaining.matches.count + hidden.matches.count;
  return html`<h3>${id}: ${number(remaining.matches.count)} of ${counted(total, "match", "matches")} would remain</h3>
<p>Excluded: ${exclusions.map((caller) => html`<code>${caller}</code> `)}</p>
${alarms.map(renderAlarm)}
${
  hidden.matches.count === 0
    ? html`<p>${whyNothingHidden(remaining)}</p>`
    : html`<p>It would no longer detect ${counted(hidden.matches.count, "match", "matches")}, nor anyone who steals the credentials of these callers:</p>
${renderWho(hidden.who)}`
}
`;
}

const LISTED = 100;

function renderAlarm({ name, fired, lost }: RemainingAlarm): Html {
  const list = (title: string, spans: readonly AlarmSpan[]) =>
    spans.length === 0
      ? ""
      : html`<p>${name} ${title} ${counted(spans.length, "time")}:</p>
<ul>
${spans.slice(0, LISTED).map(({ from, to }) => html`<li>${dateTime(from)} UTC ${to === null ? "until the end" : `for ${duration(to - from)}`}</li>\n`)}</ul>
`;
  if (fired.length + lost.length === 0)
    return html`<p>${name} fires neither with nor without the exclusion.</p>`;
  return html`${list("would still fire", fired)}${list("would no longer fire", lost)}`;
}
