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

/** Maximum numbers of entries in the lists of the page. */
export interface ListLimits {
  readonly alarms: number;
  readonly emails: number;
  readonly records: number;
}

const FULL_LISTS: ListLimits = { alarms: Number.POSITIVE_INFINITY, emails: 20, records: 100 };

/**
 * The limits of the document itself: about one screen of each list. Most of the time until the first paint is
 * the browser's layout of these lists; the first update completes them.
 */
export const FIRST_SCREEN: ListLimits = { alarms: 8, emails: 3, records: 8 };

/** Renders the panels that change. @returns their HTML by the id of their element */
export function renderPanels(
  sources: ConsoleSources,
  actions: Actions,
  chartAlarm: string,
  limits: ListLimits,
): Readonly<Record<string, Html | string>> {
  return {
    chain: chainPanel(sources),
    alarms: alarmsPanel(sources, chartAlarm, limits.alarms),
    inbox: inboxPanel(sources, limits.emails),
    trail: trailPanel(sources, limits.records),
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
    const panels = renderPanels(sources, actions, chartAlarm, FULL_LISTS);
    for (const [id, html] of Object.entries(panels)) {
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
