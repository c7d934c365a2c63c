import { html } from "hono/html";

/** HTML whose interpolated values are escaped. */
export type Html = ReturnType<typeof html>;

/** Formats lab time (epoch milliseconds) as `09:41:05` in UTC. */
export const clockTime = (at: number) => new Date(at).toISOString().slice(11, 19);

export function timeElement(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${clockTime(at)}</time>`;
}

/** Renders a countdown. The client replaces its text with the real seconds until `due`. */
export function countdown(since: number, due: number): Html {
  return html`<span class="countdown" data-since="${since}" data-due="${due}">soon</span>`;
}

/** Renders a command with a button that copies it. */
export function commandLine(label: string, command: string): Html {
  return html`<div class="command">
    <span class="command-label">${label}</span>
    <code>${command}</code>
    <button type="button" data-copy="${command}" aria-label="Copy: ${label}">Copy</button>
  </div>`;
}

/** Renders the differences from AWS that concern a panel. */
export function limits(items: readonly string[]): Html {
  return html`<details class="limits">
    <summary>Not modelled here (${items.length})</summary>
    <ul>${items.map((item) => html`<li>${item}</li>`)}</ul>
  </details>`;
}

/** Renders the address of the Terraform resource that a panel shows. */
export function terraformAddress(address: string | undefined): Html {
  return address === undefined
    ? html``
    : html`<code class="terraform" title="Terraform resource">${address}</code>`;
}

/** Formats the attributes of an alarm's contributor, such as `Client 3kQ…`. */
export function attributesText(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}
