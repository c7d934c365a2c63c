import { html } from "hono/html";
import { cisPack, detections } from "../../detections/index.ts";
import { notModelledByService } from "../aws/aws.ts";
import { layout } from "./layout.ts";
import { type Html, limits, terraformAddress } from "./panels/format.ts";
import type { ConsoleSources } from "./sources.ts";

export interface PageProps {
  readonly token: string;
  /** The contents of the panels that change, by the id of their element. */
  readonly panels: Readonly<Record<string, Html | string>>;
}

const SPEEDS = [1, 10, 60, 120, 600];

/** Renders the console's page. Its client script replaces the panels as they change. */
export function page(sources: ConsoleSources, { token, panels }: PageProps): Html {
  return layout({
    title: "Cipherwatch lab",
    path: "/",
    token,
    script: "console.js",
    tools: clockTools(sources),
    skipTo: { id: "try", label: "Skip to the first step" },
    content: html`
  <main>
    <div class="lead">
      ${trySection(sources, panels)}
      ${panel("chain", "From request to email", panels, sources, notModelledByService.kms)}
      ${panel("alarms", "Alarms", panels, sources, notModelledByService.cloudwatch)}
      ${panel("inbox", "Inbox", panels, sources, notModelledByService.sns)}
    </div>
    <div class="columns">
      ${chartSection()}
      ${panel("trail", "CloudTrail records", panels, sources, [
        ...notModelledByService.cloudtrail,
        ...notModelledByService.logs,
      ])}
    </div>
  </main>
  <footer>
    <p>Everything runs on this machine, from the synthesized Terraform. Not emulated:
      ${notModelledByService.general.join(" ")}</p>
    <p>To begin again without emails, records and alarms, stop the lab and run <code>npm start -- --fresh</code>.</p>
    <p><a href="/api/state">State as JSON</a> · <a href="${sources.urls.service}/openapi.json">API contract</a>
      · <a href="${sources.urls.service}/readyz">Health</a></p>
  </footer>
  <dialog id="record" aria-labelledby="record-title">
    <form method="dialog"><button aria-label="Close the record">Close</button></form>
    <div id="record-content"></div>
  </dialog>
`,
  });
}

function clockTools({ startSpeed }: ConsoleSources): Html {
  const speeds = [...new Set([...SPEEDS, startSpeed])].sort((a, b) => a - b);
  return html`<p id="connection" role="status">Connecting…</p>
    <div class="clock" role="group" aria-label="Lab clock">
      <span class="lab-time"><span class="hint">Lab time</span> <time id="lab-time">--:--:--</time></span>
      <label>Speed <select id="speed">${speeds.map(
        (speed) =>
          html`<option value="${speed}" ${speed === startSpeed ? "selected" : ""}>${speed}×</option>`,
      )}</select></label>
      <button type="button" data-action="pause" id="pause">Pause</button>
      <button type="button" data-action="step" title="Move lab time forward by one minute">Step 1 min</button>
      <button type="button" data-action="reset" title="Run at the speed that the lab started with">Back to ${startSpeed}×</button>
    </div>`;
}

function trySection(sources: ConsoleSources, panels: PageProps["panels"]): Html {
  return html`<section id="try" aria-labelledby="try-title">
    <h2 id="try-title">Try it</h2>
    <p>The service encrypts a Text under a KMS key. Each Text has its own Key. AWS records every use of the KMS
      key, and a wrong Key raises an alarm.</p>
    <form id="request" autocomplete="off">
      <label>Name <input name="name" value="Stephen" maxlength="256"></label>
      <label>Text <input name="text" value="I love Pizza"></label>
      <label class="wide">Key <input name="key" placeholder="Encrypt returns it" spellcheck="false"></label>
      <div class="buttons">
        <button type="button" class="primary danger" data-action="wrong-key">Send a wrong Key</button>
        <button type="button" data-action="encrypt">Encrypt</button>
        <button type="button" data-action="decrypt">Decrypt</button>
      </div>
      <div class="attack">
        <label>Attack <select name="attack">${attackOptions(sources)}</select></label>
        <button type="button" class="danger" data-action="attack">Run the attack</button>
      </div>
    </form>
    <output id="result" for="request"></output>
    <p id="attack-status" role="status">${panels["attack-status"]}</p>
    <details id="terminal"><summary>From a terminal</summary><div id="commands">${panels.commands}</div></details>
  </section>`;
}

/** Renders the options for the attacks whose alarms the lab runs. */
function attackOptions({ deployment }: ConsoleSources): readonly Html[] {
  const alarms = [...deployment.alarms, ...deployment.compositeAlarms].map(({ name }) => name);
  const known = [
    ...[...detections, ...cisPack].map(({ id, title }) => ({ id, title })),
    { id: "attack-under-way", title: "Two different tactics at once" },
  ];
  return known
    .filter(({ id }) => alarms.some((name) => name.endsWith(`-${id}`)))
    .map(
      ({ id, title }) =>
        html`<option value="${id}" ${id === "kms-outsider" ? "selected" : ""}>${id}: ${title}</option>`,
    );
}

function panel(
  id: string,
  title: string,
  panels: PageProps["panels"],
  { addressOf, deployment, scope }: ConsoleSources,
  differences: readonly string[],
): Html {
  const topic = deployment.topics.find(({ arn }) =>
    deployment.subscriptions.some(({ topicArn }) => topicArn === arn),
  );
  const address = {
    chain: addressOf("aws_kms_key", scope.keyArn),
    inbox: addressOf("aws_sns_topic", topic?.name ?? ""),
    trail: addressOf("aws_cloudtrail", deployment.trail.name),
  }[id];
  return html`<section class="panel ${id}-panel" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title} ${terraformAddress(address)}</h2>
    <div id="${id}">${panels[id]}</div>
    ${limits(differences)}
  </section>`;
}

function chartSection(): Html {
  return html`<section class="panel" aria-labelledby="chart-title">
    <h2 id="chart-title">Metric</h2>
    <p id="chart-label" class="hint"></p>
    <div id="chart" role="img" aria-labelledby="chart-label chart-summary"></div>
    <p id="chart-summary" class="hint"></p>
    <p class="legend"><span class="key threshold">threshold</span> <span class="key evaluated">evaluated</span>
      <span class="key in-alarm">in ALARM</span></p>
  </section>`;
}
