import { serve } from "@hono/node-server";
import { Hono } from "hono";

export interface ConsoleOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** What `GET /api/state` answers, taken anew for each request. */
  readonly state: () => Readonly<Record<string, unknown>>;
}

export interface Console {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Serves the lab's state on loopback. */
export async function startConsole({ port, state }: ConsoleOptions): Promise<Console> {
  const app = new Hono();
  // A page of another origin that points its name at 127.0.0.1 must not read the lab.
  app.use((c, next) => {
    const { hostname } = new URL(c.req.url);
    if (hostname !== "127.0.0.1" && hostname !== "localhost") {
      return Promise.resolve(
        c.text(`The console answers 127.0.0.1 and localhost, not ${hostname}.`, 403),
      );
    }
    return next();
  });
  // Indented, for people look at it with a browser or curl.
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
