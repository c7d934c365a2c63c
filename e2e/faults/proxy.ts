import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * pass: forwards bytes. silent: accepts connections and swallows every byte, as a host that lost its network.
 * away: resets every connection.
 */
export type ProxyMode = "pass" | "silent" | "away";

/** A TCP proxy whose network can fail. */
export interface FaultyProxy {
  readonly port: number;
  mode: ProxyMode;
  /** Number of open client connections. */
  readonly connections: () => number;
  readonly close: () => void;
}

export async function startProxy(targetPort: number): Promise<FaultyProxy> {
  const clients = new Set<Socket>();
  let mode: ProxyMode = "pass";
  const server = createServer((client) => {
    clients.add(client);
    client.once("close", () => clients.delete(client)).on("error", () => {});
    if (mode === "away") return void client.resetAndDestroy();
    const target = connect(targetPort, "127.0.0.1").on("error", () => client.destroy());
    const forward = (from: Socket, to: Socket) => {
      from.on("data", (bytes) => {
        if (mode === "pass") to.write(bytes);
      });
      // A host that is gone closes nothing.
      from.once("close", () => {
        if (mode !== "silent" || from === client) to.destroy();
      });
    };
    forward(client, target);
    forward(target, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      if (mode === "away") for (const client of clients) client.resetAndDestroy();
    },
    connections: () => clients.size,
    close() {
      server.close();
      for (const client of clients) client.destroy();
    },
  };
}
