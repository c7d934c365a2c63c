import { html } from "hono/html";
import type { Mail } from "../../aws/sns/email.ts";
import { alarmPath } from "../alarm-page.ts";
import type { ConsoleSources } from "../sources.ts";
import { type Html, timeElement } from "./format.ts";

/** Shows the newest emails, newest first. */
export function inboxPanel({ aws }: ConsoleSources, limit: number): Html {
  const emails = aws.services.sns.inbox().slice(-limit).reverse();
  if (emails.length === 0) {
    return html`<p class="empty">No email yet. An alarm that fires sends one.</p>`;
  }
  return html`<ul class="inbox">${emails.map(emailItem)}</ul>`;
}

function emailItem({ id, at, to, subject, body }: Mail, index: number): Html {
  const topic = subject.startsWith("ALARM") ? "alert" : "";
  const [, alarm] = /^ALARM: "([^"]+)"/.exec(subject) ?? [];
  return html`<li class="email ${topic}" id="email-${id}">
    <details ${index === 0 ? "open" : ""}>
      <summary>
        <span class="email-subject">${subject}</span>
        <span class="email-meta">AWS Notifications → ${to}, ${timeElement(at)}</span>
      </summary>
      ${alarm === undefined ? "" : html`<p><a href="${alarmPath(alarm)}">Who did it: callers, addresses and event IDs</a></p>`}
      <pre>${body}</pre>
    </details>
  </li>`;
}
