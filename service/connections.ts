import type { IncomingMessage, ServerResponse } from "node:http";
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
 * sets no limit, and keeps all responses for a client that reads none.
 */
const MAX_PIPELINED = 16;

export interface Connections {
  /** Call it for each new connection. */
  readonly opened: (socket: Socket) => void;
  /** Call it for each request. @returns false if the connection has too many, and was closed */
  readonly admit: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/**
 * Limits the open connections, and the requests that each has in progress. At the limit, a new connection takes the place
 * of the one that has waited longest for the headers of a request, so that clients that open connections and send nothing
 * do not keep others out.
 */
export function limitConnections({ max, reject }: ConnectionsProps): Connections {
  // In the order in which they began to wait.
  const waiting = new Map<Socket, number>();
  const inProgress = new WeakMap<Socket, number>();
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

  return {
    opened(socket) {
      open += 1;
      socket.once("close", () => {
        open -= 1;
        waiting.delete(socket);
      });
      if (open > max && !closeLongestWaiting()) reject(socket);
      else wait(socket);
    },

    admit({ socket }, response) {
      waiting.delete(socket);
      const count = (inProgress.get(socket) ?? 0) + 1;
      if (count > MAX_PIPELINED) {
        socket.destroy();
        return false;
      }
      inProgress.set(socket, count);
      response.once("close", () => {
        const rest = (inProgress.get(socket) ?? 0) - 1;
        inProgress.set(socket, rest);
        if (rest === 0 && !socket.destroyed) wait(socket);
      });
      return true;
    },
  };
}
