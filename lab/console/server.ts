import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { html } from "hono/html";
import { streamSSE } from "hono/streaming";
import { timing } from "hono/timing";
import { KEEP_ALIVE_TIMEOUT } from "../aws/endpoint/endpoint.ts";
import { Action, type Actions } from "./actions.ts";
import { alarmRoutes } from "./alarm-page.ts";
import { clientAsset } from "./assets.ts";
import { defaultChartAlarm } from "./chart.ts";
import { FIRST_SCREEN, renderPanels, sendUpdates } from "./live.ts";
import { page } from "./page.ts";
import { recordPanel } from "./panels/record-panel.ts";
import { type ReplayFiles, replayFiles } from "./replay/run.ts";
import {
  consoleHeaders,
  newToken,
  rejectOtherSites,
  reportHeaders,
  requireToken,
} from "./security.ts";
import type { ConsoleSources } from "./sources.ts";
import { replayRoutes, workbenchRoutes } from "./tools.ts";

export interface ConsoleOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Returns the response to `GET /api/state`; called for each request. */
  readonly state: () => Readonly<Record<string, unknown>>;
  readonly sources: ConsoleSources;
  readonly actions: Actions;
  /** Default: `npm run replay` in a separate process. */
  readonly replay?: ReplayFiles;
}

export interface Console {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Serves the lab's page on loopback, and its state as JSON. */
export async function startConsole({ port, ...options }: ConsoleOptions): Promise<Console> {
  const app = createConsole(options);
  return new Promise((resolve, reject) => {
    const serverOptions = { keepAliveTimeout: KEEP_ALIVE_TIMEOUT };
    const listen = { fetch: app.fetch, hostname: "127.0.0.1", port, serverOptions };
    const server = serve(listen, (address) => {
      resolve({
        url: `http://127.0.0.1:${address.port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            if ("closeAllConnections" in server) server.closeAllConnections();
          }),
      });
    });
    server.once("error", reject);
  });
}

/** Creates the routes of the console, without a listening server. */
export function createConsole({
  state,
  sources,
  actions,
  replay = replayFiles,
}: Omit<ConsoleOptions, "port">): Hono {
  const token = newToken();
  const app = new Hono();
  app.use(rejectOtherSites);
  app.use((c, next) => {
    const isReport = c.req.path.startsWith("/replay/reports/");
    return (isReport ? reportHeaders : consoleHeaders)(c, next);
  });
  app.use(async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
  });

  // Add Server-Timing, which the developer tools of a browser show.
  app.get("/", timing(), (c) => {
    const panels = renderPanels(sources, actions, defaultChartAlarm(sources), FIRST_SCREEN);
    return c.html(page(sources, { token, panels }));
  });
  app.get("/client/:name", (c) => {
    const asset = clientAsset(c.req.param("name"));
    if (asset === undefined) return c.notFound();
    return c.body(new Uint8Array(asset.content), 200, { "Content-Type": asset.type });
  });
  app.get("/record/:id", async (c) => {
    const content = recordPanel(sources, c.req.param("id"));
    return content === undefined
      ? c.html(html`<p id="record-title">The lab no longer holds this record.</p>`, 404)
      : c.html(content);
  });

  // Indented, because people read it in a browser or with curl.
  app.get("/api/state", (c) =>
    c.body(JSON.stringify(state(), null, 2), 200, { "Content-Type": "application/json" }),
  );
  app.get("/api/events", (c) =>
    streamSSE(c, (stream) => sendUpdates(stream, sources, actions, c.req.query("alarm"))),
  );
  app.post("/api/actions", requireToken(token), async (c) => {
    const action = Action.safeParse(await c.req.json().catch(() => undefined));
    if (!action.success) {
      const [issue] = action.error.issues;
      return c.json({ error: `${issue?.path.join(".") || "action"}: ${issue?.message}` }, 422);
    }
    try {
      return c.json(await actions.run(action.data));
    } catch (error) {
      return c.json({ error: error instanceof Error ? error.message : String(error) }, 409);
    }
  });
  app.route("/", workbenchRoutes(sources, token));
  app.route("/", alarmRoutes(sources, token));
  app.route("/", replayRoutes(sources, token, replay));
  return app;
}
