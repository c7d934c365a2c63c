import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Fails a connection that has begun with a request for TLS, as a server would. */
const HANDSHAKES = {
  "closes before TLS": (socket: Socket) => void socket.end(),
  "has no TLS": (socket: Socket) => {
    socket.write("N");
    // PostgreSQL reads a start message, which a TLS handshake is not.
    socket.once("data", () => socket.end());
  },
  "never answers the TLS handshake": (socket: Socket) => void socket.write("S"),
  "closes in the TLS handshake": (socket: Socket) => {
    socket.write("S");
    socket.once("data", () => socket.end());
  },
  "resets in the TLS handshake": (socket: Socket) => {
    socket.write("S");
    socket.once("data", () => socket.resetAndDestroy());
  },
  "answers the TLS handshake with something else": (socket: Socket) => {
    socket.write("S");
    socket.once("data", () => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
  },
} as const;

/**
 * pass: forwards bytes. silent: accepts connections and swallows every byte, as a host that lost its network.
 * away: resets every connection. closes its end: of every connection, and swallows every byte.
 * changes requests, changes responses: changes the last byte of what it forwards to the server, or to its client.
 */
export type ProxyMode =
  | ("pass" | "silent" | "away" | "closes its end" | "changes requests" | "changes responses")
  | keyof typeof HANDSHAKES;

/** A TCP proxy whose network can fail. */
export interface FaultyProxy {
  readonly port: number;
  /** Setting a mode in which handshakes fail resets the connections. */
  mode: ProxyMode;
  /** Number of client connections that are open at both ends, or at one. */
  readonly connections: () => number;
  /** Number of connections that clients have opened so far. */
  readonly opened: () => number;
  readonly close: () => void;
}

export async function startProxy(targetPort: number): Promise<FaultyProxy> {
  const clients = new Set<Socket>();
  let mode: ProxyMode = "pass";
  let opened = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    opened += 1;
    clients.add(client);
    client.once("close", () => clients.delete(client)).on("error", () => {});
    if (mode === "away") return void client.resetAndDestroy();
    if (mode in HANDSHAKES) {
      const fail = HANDSHAKES[mode as keyof typeof HANDSHAKES];
      return void client.once("data", () => fail(client)).resume();
    }
    const target = connect(targetPort, "127.0.0.1").on("error", () => client.destroy());
    client.on("data", (bytes) => {
      if (mode === "pass" || mode === "changes responses") target.write(bytes);
      if (mode === "changes requests") target.write(changed(bytes));
    });
    target.on("data", (bytes) => {
      if (mode === "pass" || mode === "changes requests") client.write(bytes);
      if (mode === "changes responses") client.write(changed(bytes));
    });
    client.once("close", () => target.destroy());
    client.once("end", () => {
      if (mode !== "closes its end") client.end();
    });
    target.once("close", () => {
      // A host that is gone closes nothing.
      if (mode !== "silent" && mode !== "closes its end") client.destroy();
    });
    if (mode === "closes its end") client.end();
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
      for (const client of clients) {
        if (mode === "away" || mode in HANDSHAKES) client.resetAndDestroy();
        else if (mode === "closes its end") client.end();
      }
    },
    connections: () => clients.size,
    opened: () => opened,
    close() {
      server.close();
      for (const client of clients) client.destroy();
    },
  };
}

function changed(bytes: Buffer): Buffer {
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return bytes;
}
