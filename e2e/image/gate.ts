import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import { listen } from "./listen.ts";

/** A way to a server that can be shut for a while. */
export interface Gate {
  /** On loopback. */
  readonly port: number;
  /** From now on what clients send waits here. */
  readonly shut: () => void;
  /** Sends on what waits, and all that comes. */
  readonly open: () => void;
  /** How often something has come while it was shut. */
  readonly waiting: () => number;
  readonly close: () => Promise<void>;
}

export async function startGate(target: NetConnectOpts): Promise<Gate> {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let shut = false;
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
      if (shut) held.push(() => upstream.write(bytes));
      else upstream.write(bytes);
    });
    client.on("end", () => upstream.end());
    upstream.pipe(client);
  });
  return {
    port: await listen(server),
    shut: () => {
      shut = true;
    },
    open: () => {
      shut = false;
      for (const send of held.splice(0)) send();
    },
    waiting: () => held.length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
