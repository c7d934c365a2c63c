import { html } from "hono/html";
import { layout } from "../layout.ts";
import type { Html } from "../panels/format.ts";
import type { ConsoleSources } from "../sources.ts";
import { MAX_FILES, MAX_MEGABYTES } from "./run.ts";

export function replayPage({ scope }: ConsoleSources, token: string): Html {
  return layout({
    title: "Replay · Cipherwatch lab",
    path: "/replay",
    token,
    script: "replay.js",
    skipTo: { id: "replay-form", label: "Skip to the files" },
    content: html`<main class="tool wide">
  <section class="panel" aria-labelledby="replay-title">
    <h2 id="replay-title">Replay CloudTrail files</h2>
    <p>Shows which alarms would have fired over your past calls, when, and who made the calls.
      <strong>Nothing leaves this machine:</strong> the lab reads the files in a temporary folder, deletes them
      after the replay, and keeps the last reports in memory until it stops.</p>
    <form id="replay-form" class="stacked" autocomplete="off">
      <label class="drop" id="drop">Drop CloudTrail files here, or choose them
        <input type="file" name="files" multiple accept=".json,.gz,.zip" aria-describedby="replay-limits"></label>
      <p class="hint" id="replay-limits">.json, .json.gz or .zip; at most ${MAX_FILES} files with ${MAX_MEGABYTES} MB.
        For more: <code>npm run replay -- FOLDER</code></p>
      <label>ARN of the IAM role to monitor (optional)
        <input name="roleArn" spellcheck="false" placeholder="${scope.serviceRoleArn}"></label>
      <label>ARN of the KMS key to monitor (optional)
        <input name="keyArn" spellcheck="false" placeholder="${scope.keyArn}"></label>
      <div class="buttons">
        <button type="button" class="primary" data-replay="files">Replay the files</button>
        <button type="button" data-replay="trail">Replay the lab’s own trail</button>
      </div>
    </form>
    <p id="replay-status" role="status"></p>
  </section>
  <section class="panel" id="report-panel" aria-labelledby="report-title" hidden>
    <h2 id="report-title">Report</h2>
    <p><a id="report-link" target="_blank" rel="noopener">Open the report in a new tab</a></p>
    <iframe id="report" title="Replay report" sandbox></iframe>
  </section>
</main>`,
  });
}
