import { html } from "hono/html";
import { type Chain, chains, type Station } from "../chain.ts";
import { metricChains } from "../metric-chain.ts";
import type { ConsoleSources } from "../sources.ts";
import { countdown, type Html, timeElement } from "./format.ts";

const MAX_CHAINS = 5;
const MAX_METRIC_CHAINS = 2;

export function chainPanel(sources: ConsoleSources): Html {
  const rows = [...metricChains(sources, MAX_METRIC_CHAINS), ...chains(sources, MAX_CHAINS)];
  const seconds = Math.ceil((sources.trailDelaySeconds + 60) / sources.startSpeed) + 1;
  if (rows.length === 0) {
    return html`<p class="empty">Nothing has happened yet. <strong>Click “Send a wrong Key”</strong>,
      and watch the failed KMS call become a CloudTrail record, a metric, an alarm and, in about
      ${seconds} seconds, an email.</p>`;
  }
  return html`<ol class="chains">${rows.map(chainRow)}</ol>`;
}

function chainRow({ id, title, count, stations, isMetric }: Chain): Html {
  const times = count > 1 ? html` <span class="count">× ${count.toLocaleString("en")}</span>` : "";
  return html`<li class="chain" id="chain-${id}">
    <h3>${
      isMetric
        ? html`<button type="button" class="link" data-chart="${id}">${title}</button>`
        : html`<button type="button" class="link" data-record="${id}">${title}</button>`
    }${times}</h3>
    <ol class="stations">${stations.map(stationItem)}</ol>
  </li>`;
}

/** Allows line breaks between the words of AWS names such as `InvalidCiphertextException`, and before an @. */
function withLineBreaks(text: string): readonly Html[] {
  return text
    .split(/(?<=[a-z])(?=[A-Z])|(?=@)/)
    .map((word, index) => (index === 0 ? html`${word}` : html`<wbr>${word}`));
}

const STATUS_LABELS = {
  done: "done",
  alert: "misuse",
  waiting: "waiting",
  later: "not reached yet",
  none: "not reached",
} as const;

function stationItem({ name, status, text, at, since, due }: Station): Html {
  const time =
    due !== undefined && since !== undefined
      ? countdown(since, due)
      : at === undefined
        ? ""
        : timeElement(at);
  return html`<li class="station ${status}">
    <span class="station-name">${name}<span class="visually-hidden">, ${STATUS_LABELS[status]}:</span></span>
    <span class="station-text">${withLineBreaks(text)}</span>
    <span class="station-time">${time}</span>
  </li>`;
}
