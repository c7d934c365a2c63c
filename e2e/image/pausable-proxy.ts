import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import { listen } from "./listen.ts";

/** A TCP proxy that can hold back what clients send. */
export interface PausableProxy {
  /** Port on loopback. */
  readonly port: number;
  /** Holds back everything that clients send from now on. */
  readonly pause: () => void;
  /** Forwards what was held back, and everything after it. */
  readonly resume: () => void;
  /** Number of chunks held back. */
  readonly heldChunks: () => number;
  readonly close: () => Promise<void>;
}

export async function startPausableProxy(target: NetConnectOpts): Promise<PausableProxy> {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let paused = false;
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (bytes) => {
      if (paused) held.push(() => upstream.write(bytes));
      else upstream.write(bytes);
    });
    client.on("end", () => upstream.end());
    upstream.pipe(client);
  });
  return {
    port: await listen(server),
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      for (const send of held.splice(0)) send();
    },
    heldChunks: () => held.length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
