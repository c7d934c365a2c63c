import { Hono } from "hono";
import { html } from "hono/html";
import { type AlarmEvent, type AlarmEvents, alarmEvents } from "../aws/alarm-events.ts";
import { layout } from "./layout.ts";
import { attributesText, commandLine, type Html } from "./panels/format.ts";
import type { ConsoleSources } from "./sources.ts";

/** Returns the path of an alarm's page. The inbox links to it instead of the AWS console. */
export const alarmPath = (name: string) => `/alarms/${encodeURIComponent(name)}`;

/** Serves the events that an alarm counted when it last fired, as a page and as JSON. */
export function alarmRoutes(sources: ConsoleSources, token: string): Hono {
  const { aws, deployment, clock } = sources;
  const find = (name: string) =>
    alarmEvents({ services: aws.services, deployment, now: clock.now() }, name);
  const app = new Hono();
  app.get("/alarms/:name", (c) => {
    const found = find(c.req.param("name"));
    return found === undefined
      ? c.html(
          html`<p>The stacks have no alarm named ${c.req.param("name")}. The <a href="/">console</a> lists the alarms.</p>`,
          404,
        )
      : c.html(alarmPage(sources, found, token));
  });
  // Indented, because people read it in a browser or with curl.
  app.get("/api/alarms/:name/events", (c) => {
    const found = find(c.req.param("name"));
    if (found === undefined) {
      const error = `The stacks have no alarm named ${c.req.param("name")}. GET /api/state lists the alarms.`;
      return c.json({ error }, 404);
    }
    return c.body(JSON.stringify(found, null, 2), 200, { "Content-Type": "application/json" });
  });
  return app;
}

function alarmPage(sources: ConsoleSources, found: AlarmEvents, token: string): Html {
  const { alarm, state, contributors, range, events, callers } = found;
  const since =
    range === undefined
      ? html`<p class="empty">The alarm has not fired yet.</p>`
      : html`<p class="hint">The log events that it counted from ${range.from} to ${range.to}, when it last fired.</p>`;
  return layout({
    title: `${alarm} · Cipherwatch lab`,
    path: alarmPath(alarm),
    token,
    script: "page.js",
    skipTo: { id: "callers", label: "Skip to the callers" },
    content: html`<main class="tool">
  <section class="panel" aria-labelledby="callers">
    <h2 id="callers">Who made ${alarm} fire</h2>
    <p>State: ${state}</p>
    ${contributors.map(({ attributes }) => html`<p>In ALARM: <code>${attributesText(attributes)}</code></p>`)}
    ${since}
    ${callers.length === 0 ? "" : callerTable(callers)}
    ${queryCommand(sources, alarm)}
  </section>
  <section class="panel" aria-labelledby="events">
    <h2 id="events">Events (${events.length})</h2>
    ${events.length === 0 ? html`<p class="empty">None.</p>` : eventTable(events)}
  </section>
</main>`,
  });
}

function callerTable(callers: AlarmEvents["callers"]): Html {
  return html`<table>
  <thead><tr><th>Caller</th><th>Clients of the service</th><th>Addresses</th><th>Events</th></tr></thead>
  <tbody>${callers.map(
    ({ caller, clients, addresses, events }) =>
      html`<tr><td><code>${caller}</code></td><td><code>${clients.join(", ")}</code></td><td>${addresses.join(", ")}</td><td>${events}</td></tr>`,
  )}</tbody>
</table>`;
}

function eventTable(events: readonly AlarmEvent[]): Html {
  return html`<table>
  <thead><tr><th>Time</th><th>Event</th><th>Caller and address</th><th>Event ID</th></tr></thead>
  <tbody>${events.map(
    ({ at, name, errorCode, caller, client, address, userAgent, eventId, message }) => html`<tr>
    <td><time datetime="${at}">${at.slice(11, 19)}</time></td>
    <td>${name} ${errorCode ?? ""}</td>
    <td>${caller ?? ""} ${client ?? ""} ${address ?? ""} <span class="hint">${userAgent ?? ""}</span></td>
    <td><details><summary>${eventId}</summary><code>${message}</code></details></td>
  </tr>`,
  )}</tbody>
</table>`;
}

/** Renders the command that runs the saved query of the alarm's detection against the lab. */
function queryCommand({ deployment, urls }: ConsoleSources, alarm: string): Html | string {
  const query = deployment.savedQueries.find(({ name }) => name.replace("/", "-") === alarm);
  if (query === undefined) return "";
  const command = [
    `export AWS_ENDPOINT_URL=${urls.aws} AWS_ACCESS_KEY_ID=analyst AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=${deployment.region}`,
    `aws logs get-query-results --query-id "$(aws logs start-query --log-group-names ${query.logGroupNames.join(" ")} --start-time 0 --end-time 4102444800 --output text --query-string "$(aws logs describe-query-definitions --query-definition-name-prefix ${query.name} --query 'queryDefinitions[0].queryString' --output text)")"`,
  ].join("; ");
  return commandLine(`Run the saved query ${query.name}`, command);
}
