import { createHash } from "node:crypto";
import { isAnomalyAlarm } from "../../cloudwatch/alarm/alarm.ts";
import { ANOMALY_MODEL } from "../../cloudwatch/alarm/anomaly.ts";
import { renderChart } from "./chart.ts";
import { renderExclusions } from "./exclusion-section.ts";
import {
  bytes,
  counted,
  dateTime,
  duration,
  number,
  remarks,
  rule,
  timeInAlarm,
  UNSEEN_KEYS,
  unreadInputs,
} from "./format.ts";
import { type Html, html, raw } from "./html.ts";
import { firedFirst, isNotBound, missingOptions } from "./order.ts";
import type {
  AlarmReport,
  CompositeReport,
  DetectionReport,
  Report,
  StateReport,
  SweepStep,
} from "./report.ts";
import { renderWho } from "./who-tables.ts";

const SPANS_SHOWN = 500;
const USES_SHOWN = 50;
const ERRORS_SHOWN = 200;

/**
 * Formats the report as an HTML page that loads nothing and runs no script. Its Content-Security-Policy
 * allows only its own style sheet.
 * @param generatedAt milliseconds since the epoch
 */
export function renderPage(report: Report, generatedAt: number): string {
  const digest = createHash("sha256").update(STYLE).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cipherwatch replay</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<h1>Cipherwatch replay</h1>
${renderInput(report, generatedAt)}
${renderErrors(report)}
${renderOverview(report)}
${renderExclusions(report)}
${report.composites.filter(({ fired }) => fired.length > 0).map(renderComposite)}
${firedFirst(report.detections).map((detection) => renderDetection(detection, report))}
${report.composites.filter(({ fired }) => fired.length === 0).map(renderComposite)}
${renderProblems(report)}
${renderNotReplayed(report)}
${renderUnseenKeys(report)}
${renderKeyUse(report)}
</main>
</body>
</html>
`.html;
}

function renderInput({ input, span }: Report, generatedAt: number): Html {
  const time =
    span === null
      ? ""
      : html`, from <time>${dateTime(span.first)}</time> to <time>${dateTime(span.last)}</time> UTC`;
  return html`<p>${counted(input.events, "event")} in ${counted(input.files, "file")} (${bytes(input.bytes)})${time}. Generated ${dateTime(generatedAt)} UTC.</p>
<ul>
${remarks(input).map((remark) => html`<li>${remark}</li>\n`)}</ul>`;
}

function renderErrors({ input }: Report): Html {
  const count = input.malformed + input.unreadable;
  if (count === 0) return html``;
  const shown = input.errors.slice(0, ERRORS_SHOWN);
  return html`<section class="errors" aria-labelledby="errors">
<h2 id="errors">Could not read ${unreadInputs(input)}</h2>
<p>The results below do not include them.</p>
<ul>
${shown.map(({ file, place, why }) => html`<li><code>${file}</code>${place === undefined ? "" : `, ${place}`}: ${why}</li>\n`)}
${count > shown.length ? html`<li>and ${number(count - shown.length)} more</li>` : ""}
</ul>
</section>`;
}

function renderOverview({ detections, composites }: Report): Html {
  const row = (
    id: string,
    name: string,
    matches: string,
    condition: string,
    state: StateReport,
  ) => html`<tr>
<th scope="row"><a href="#${id}">${name}</a></th>
<td class="number">${matches}</td>
<td>${condition}</td>
<td class="number">${number(state.fired.length)}</td>
<td>${state.fired.length === 0 ? "" : timeInAlarm(state)}</td>
<td>${state.fired.length === 0 ? "" : dateTime(state.fired.at(-1)?.from ?? 0)}</td>
</tr>
`;
  const rows = firedFirst(detections).flatMap((detection) => {
    const { id, matches, alarms } = detection;
    const count = isNotBound(detection) ? "not bound" : number(matches.count);
    return alarms.map((alarm) => row(`detection-${id}`, id, count, rule(alarm.alarm), alarm));
  });
  const composed = composites.map((report) =>
    row(`alarm-${report.name}`, report.name, "", "composite", report),
  );
  return html`<h2>Overview</h2>
<table>
<thead><tr><th scope="col">Detection</th><th scope="col" class="number">Matches</th><th scope="col">Alarm</th><th scope="col" class="number">Fired</th><th scope="col">In alarm</th><th scope="col">Last fired (UTC)</th></tr></thead>
<tbody>
${rows}${composed}</tbody>
</table>`;
}

function renderDetection(detection: DetectionReport, { span }: Report): Html {
  const { id, patterns, unbound, matches, who, alarms } = detection;
  return html`<section aria-labelledby="detection-${id}">
<h2 id="detection-${id}">${id}</h2>
${alarms.map(({ title }) => (title === "" ? "" : html`<p>${title}</p>\n`))}
${patterns.map((pattern) => html`<details><summary>Pattern</summary><pre>${pattern}</pre></details>\n`)}
${
  unbound.length === 0
    ? ""
    : html`<p class="note">Monitors the ${unbound.join(" and ")} of the stacks. To monitor another, pass ${missingOptions(detection)}.</p>`
}
${
  span === null || matches.count === 0
    ? html`<p>${isNotBound(detection) ? "Not bound to a role or key, so this detection cannot match past calls." : "No matches."}</p>`
    : html`<figure>${renderChart(detection, span)}<figcaption>Matches over time${alarms.length === 0 ? "" : ", and times in ALARM"}</figcaption></figure>`
}
${alarms.map(renderAlarm)}
${matches.count === 0 ? "" : renderWho(who)}
</section>
`;
}

function renderAlarm({ name, alarm, deployedThreshold, fired, sweep }: AlarmReport): Html {
  const override =
    deployedThreshold === undefined ? "" : ` (deployed: ${number(deployedThreshold)})`;
  return html`<h3>${name}: ${rule(alarm)}${override}</h3>
${isAnomalyAlarm(alarm) ? html`<p class="note">By ${ANOMALY_MODEL}.</p>` : ""}
${renderSpans(fired)}
${isAnomalyAlarm(alarm) || sweep.length < 2 ? "" : renderSweep(sweep, alarm.threshold)}`;
}

function renderComposite({ name, title, fired, missingAlarms }: CompositeReport): Html {
  return html`<section aria-labelledby="alarm-${name}">
<h2 id="alarm-${name}">${name}</h2>
<p>${title}</p>
${missingAlarms.length === 0 ? "" : html`<p class="note">Evaluated without ${missingAlarms.join(", ")}, which cannot be replayed.</p>`}
${renderSpans(fired)}
</section>
`;
}

function renderSpans(fired: AlarmReport["fired"]): Html {
  if (fired.length === 0) return html`<p>Did not fire.</p>`;
  const rows = fired.slice(0, SPANS_SHOWN).map(
    ({ from, to }) => html`<tr><td>${dateTime(from)}</td><td>${
      to === null ? "" : dateTime(to)
    }</td><td>${to === null ? "until the end" : duration(to - from)}</td></tr>
`,
  );
  const more = fired.length - SPANS_SHOWN;
  return html`<details${fired.length <= 20 ? raw(" open") : ""}><summary>Fired ${counted(fired.length, "time")}</summary>
<table>
<thead><tr><th scope="col">From (UTC)</th><th scope="col">To (UTC)</th><th scope="col">For</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
${more > 0 ? html`<p>And ${number(more)} more.</p>` : ""}</details>`;
}

function renderSweep(sweep: readonly SweepStep[], threshold: number): Html {
  const rows = sweep.map(
    (step) => html`<tr${step.threshold === threshold ? raw(' class="current"') : ""}>
<th scope="row" class="number">${number(step.threshold)}${step.threshold === threshold ? " (current)" : ""}</th>
<td>${duration(step.period * 1000)}</td><td class="number">${number(step.fired)}</td><td class="number">${number(step.perDay)}</td><td>${duration(step.inAlarm)}</td></tr>
`,
  );
  return html`<details><summary>Other thresholds</summary>
<table>
<thead><tr><th scope="col" class="number">Threshold</th><th scope="col">Period</th><th scope="col" class="number">Fired</th><th scope="col" class="number">Per day</th><th scope="col">In alarm</th></tr></thead>
<tbody>
${rows}</tbody>
</table></details>`;
}

function renderProblems({ problems }: Report): Html {
  if (problems.length === 0) return html``;
  return html`<h2>${counted(problems.length, "problem")} with the alarms</h2>
<ul>
${problems.map(({ alarm, kind, why }) => html`<li>${alarm} <strong>${kind}</strong>: ${why}.</li>\n`)}</ul>`;
}

function renderNotReplayed({ notReplayed }: Report): Html {
  if (notReplayed.length === 0) return html``;
  return html`<h2>Not replayed</h2>
<ul>
${notReplayed.map(({ alarm, why }) => html`<li>${alarm}: ${why}</li>\n`)}</ul>`;
}

function renderUnseenKeys({ unseenKeys, input }: Report): Html {
  if (unseenKeys.length === 0 || input.events === 0) return html``;
  return html`<h2>Keys without events</h2>
<p>${UNSEEN_KEYS}.</p>
<ul>
${unseenKeys.map(({ name, arn }) => html`<li>${name}: <code>${arn}</code></li>\n`)}</ul>`;
}

function renderKeyUse({ keyUse }: Report): Html {
  if (keyUse === null) return html``;
  const list = (title: string, uses: typeof keyUse.roles) => html`<h3>${title}</h3>
<table>
<thead><tr><th scope="col" class="number">Calls</th><th scope="col">ARN</th></tr></thead>
<tbody>
${uses.slice(0, USES_SHOWN).map(({ arn, count }) => html`<tr><td class="number">${number(count)}</td><td><code>${arn}</code></td></tr>\n`)}</tbody>
</table>`;
  return html`<h2>KMS calls by role and key</h2>
<p>Pass the service's role as <code>--role-arn</code> and its KMS key as <code>--key-arn</code>.</p>
${list("Roles", keyUse.roles)}
${list("Keys", keyUse.keys)}`;
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --bar: #2f6fb2; --alarm: #c02f3d; }
@media (prefers-color-scheme: dark) { :root { --bar: #6aa5e3; --alarm: #f0727f; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); font-weight: normal; }
thead th { font-weight: 600; }
.number { text-align: right; }
.current { font-weight: 600; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); padding: .5rem; }
code { overflow-wrap: anywhere; }
figure, .wide { margin: .5rem 0; overflow-x: auto; }
svg { width: 100%; min-width: 40rem; height: auto; font-size: 11px; }
@media (max-width: 40rem) { table { display: block; overflow-x: auto; white-space: nowrap; } }
svg text { fill: currentColor; }
.axis { stroke: currentColor; }
.grid { stroke: var(--line); }
.bar { fill: var(--bar); }
.alarm { fill: var(--alarm); }
.errors { border-left: 4px solid var(--alarm); padding-left: 1rem; }
.note { font-style: italic; }
`;
