import type { SSEStreamingApi } from "hono/streaming";
import type { Actions } from "./actions.ts";
import { defaultChartAlarm, metricChart } from "./chart.ts";
import { alarmsPanel } from "./panels/alarms-panel.ts";
import { chainPanel } from "./panels/chain-panel.ts";
import { commandsPanel } from "./panels/commands-panel.ts";
import type { Html } from "./panels/format.ts";
import { inboxPanel } from "./panels/inbox-panel.ts";
import { trailPanel } from "./panels/trail-panel.ts";
import type { ConsoleSources } from "./sources.ts";

const UPDATE_MILLISECONDS = 200;

/** Renders the panels that change, by the id of their element. */
export function renderPanels(
  sources: ConsoleSources,
  actions: Actions,
  chartAlarm: string,
): Readonly<Record<string, Html | string>> {
  return {
    chain: chainPanel(sources),
    alarms: alarmsPanel(sources, chartAlarm),
    inbox: inboxPanel(sources),
    trail: trailPanel(sources),
    commands: commandsPanel(sources, actions.values()),
    "attack-status": actions.attackStatus(),
  };
}

/**
 * Sends server-sent events until the client disconnects: `clock` with the lab time, `panels` with the HTML of
 * the panels that changed, and `chart` with the metric of an alarm.
 * @param requestedAlarm name of the alarm to chart; default: the one that fired last
 */
export async function sendUpdates(
  stream: SSEStreamingApi,
  sources: ConsoleSources,
  actions: Actions,
  requestedAlarm: string | undefined,
): Promise<void> {
  const sent = new Map<string, string>();
  const sendChanged = async (event: string, value: unknown) => {
    const data = JSON.stringify(value);
    if (sent.get(event) === data) return;
    sent.set(event, data);
    await stream.writeSSE({ event, data });
  };
  const { clock } = sources;
  while (!stream.aborted && !stream.closed) {
    await stream.writeSSE({
      event: "clock",
      data: JSON.stringify({ now: clock.now(), speed: clock.speed() }),
    });
    const chartAlarm = requestedAlarm ?? defaultChartAlarm(sources);
    const changed: Record<string, string> = {};
    for (const [id, html] of Object.entries(renderPanels(sources, actions, chartAlarm))) {
      const text = String(await html);
      if (sent.get(id) === text) continue;
      sent.set(id, text);
      changed[id] = text;
    }
    if (Object.keys(changed).length > 0) {
      await stream.writeSSE({ event: "panels", data: JSON.stringify(changed) });
    }
    await sendChanged("chart", metricChart(sources, chartAlarm));
    await stream.sleep(UPDATE_MILLISECONDS);
  }
}
