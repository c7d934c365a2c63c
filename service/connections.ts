import type { Server } from "node:http";
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
 * Limits the open connections. At the limit, a new one takes the place of the connection that has waited
 * longest for the headers of a request: clients that open connections and send nothing starve nobody.
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
  server.on("request", ({ socket }, response) => {
    waiting.delete(socket);
    response.once("close", () => {
      if (!socket.destroyed) wait(socket);
    });
  });
}
