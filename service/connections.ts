import type { RequestListener, Server } from "node:http";
import type { Socket } from "node:net";

export interface ConnectionsProps {
  /** Maximum number of open connections. */
  readonly max: number;
  /** Answers and closes a connection that exceeds it. */
  readonly reject: (socket: Socket) => void;
}

/** Milliseconds that a connection may wait for a request's headers when others need its place. */
const PATIENCE = 1_000;

/**
 * Requests that a connection may have in progress. Clients may send requests without waiting for responses, but Node
 * parses over a thousand of them at a time, and keeps all their responses for a client that reads none.
 */
const MAX_PIPELINED = 16;

/**
 * Closes a connection with too many requests in progress, and limits the open connections. Call it on a server that has its
 * request listeners: they get no request of a connection that is closed.
 *
 * At the limit of connections, a new one takes the place of the connection that has waited longest for the headers of
 * a request: clients that open connections and send nothing starve nobody.
 */
export function limitConnections(server: Server, { max, reject }: ConnectionsProps): void {
  // In the order in which they began to wait.
  const waiting = new Map<Socket, number>();
  let open = 0;

  function wait(socket: Socket): void {
    waiting.delete(socket);
    waiting.set(socket, performance.now());
  }

  function closeLongestWaiting(): boolean {
    const [longest] = waiting;
    if (longest === undefined || performance.now() - longest[1] < PATIENCE) return false;
    waiting.delete(longest[0]);
    longest[0].destroy();
    return true;
  }

  server.on("connection", (socket: Socket) => {
    open += 1;
    socket.once("close", () => {
      open -= 1;
      waiting.delete(socket);
    });
    if (open > max && !closeLongestWaiting()) reject(socket);
    else wait(socket);
  });
  const listeners = server.listeners("request") as RequestListener[];
  const inProgress = new WeakMap<Socket, number>();
  server.removeAllListeners("request").on("request", (request, response) => {
    const { socket } = request;
    waiting.delete(socket);
    const count = (inProgress.get(socket) ?? 0) + 1;
    if (count > MAX_PIPELINED) return void socket.destroy();
    inProgress.set(socket, count);
    response.once("close", () => {
      const rest = (inProgress.get(socket) ?? 0) - 1;
      inProgress.set(socket, rest);
      if (rest === 0 && !socket.destroyed) wait(socket);
    });
    for (const listener of listeners) listener.call(server, request, response);
  });
}
