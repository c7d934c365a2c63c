import { serve } from "@hono/node-server";
import { Hono } from "hono";

export interface ConsoleOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Returns the response to `GET /api/state`; called for each request. */
  readonly state: () => Readonly<Record<string, unknown>>;
}

export interface Console {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Serves the lab's state as JSON on loopback. */
export async function startConsole({ port, state }: ConsoleOptions): Promise<Console> {
  const app = new Hono();
  // Prevents DNS rebinding: a website whose name resolves to 127.0.0.1 must not read the lab's state.
  app.use((c, next) => {
    const { hostname } = new URL(c.req.url);
    if (hostname !== "127.0.0.1" && hostname !== "localhost") {
      return Promise.resolve(c.text(`Unknown host ${hostname}; use 127.0.0.1 or localhost.`, 403));
    }
    return next();
  });
  // Indented, because people read it in a browser or with curl.
  app.get("/api/state", (c) =>
    c.body(JSON.stringify(state(), null, 2), 200, {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
    }),
  );
  app.get("/", (c) => c.redirect("/api/state"));

  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, (address) => {
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
