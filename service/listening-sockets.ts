import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { type AddressInfo, createServer, Server } from "node:net";

/** macOS and Windows do not share a port's connections among sockets, so one accepts all on systems other than Linux. */
export const LISTENING_SOCKETS = process.platform === "linux" ? 16 : 1;

export interface Address {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

export interface ListeningSockets {
  /** @returns the port. @throws the error of the operating system, such as EADDRINUSE */
  readonly listen: (address: Address) => Promise<number>;
  /** Stops listening at once. @returns when all connections have ended */
  readonly close: () => Promise<void>;
}

/**
 * Lets a server accept connections from several sockets that listen on the same port. Node accepts one connection of each
 * listening socket in a turn of the event loop (https://github.com/libuv/libuv/pull/3696), and a turn takes milliseconds
 * under load.
 */
export function createListeningSockets(
  server: HttpServer,
  count = LISTENING_SOCKETS,
): ListeningSockets {
  // The options are those of http.Server. https://nodejs.org/api/http.html#event-connection
  const others = Array.from({ length: count - 1 }, () =>
    createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      server.emit("connection", socket),
    ),
  );
  const all = [server, ...others];
  const reusePort = count > 1;

  return {
    async listen({ host, port }) {
      if (reusePort && port !== 0) await requireFree({ host, port });
      let shared = port;
      for (const listener of all) {
        await once(listener.listen({ host, port: shared, reusePort }), "listening");
        shared = (listener.address() as AddressInfo).port;
      }
      return shared;
    },
    async close() {
      await Promise.all(all.map(closeWithConnections));
    },
  };
}

/** Fails if another process listens on the port: with reusePort, it would share its connections. */
async function requireFree(address: Address): Promise<void> {
  const probe = createServer();
  await once(probe.listen(address), "listening");
  await once(probe.close(), "close");
}

function closeWithConnections(listener: Server): Promise<void> {
  // The close method of http.Server would close kept-alive connections at once.
  return new Promise((resolve) => Server.prototype.close.call(listener, () => resolve()));
}
