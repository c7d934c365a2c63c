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
  const connections = new Map<Socket, Connection>();
  let open = 0;

  function closeLongestWaiting(): boolean {
    const longest = longestWaiting(connections.values());
    if (longest === undefined || performance.now() - longest.waitingSince < PATIENCE) return false;
    connections.delete(longest.socket);
    longest.socket.destroy();
    return true;
  }

  return {
    opened(socket) {
      open += 1;
      socket.once("close", () => {
        open -= 1;
        connections.delete(socket);
      });
      if (open > max && !closeLongestWaiting()) reject(socket);
      else connections.set(socket, createConnection(socket));
    },

    admit({ socket }, response) {
      const connection = connections.get(socket);
      if (connection === undefined) return false;
      connection.inProgress += 1;
      if (connection.inProgress > MAX_PIPELINED) {
        socket.destroy();
        return false;
      }
      response.once("close", connection.end);
      return true;
    },
  };
}

interface Connection {
  readonly socket: Socket;
  /** Requests in progress. */
  inProgress: number;
  /** When it began to wait for the headers of a request, in milliseconds. */
  waitingSince: number;
  /** Call it when a request has ended. */
  readonly end: () => void;
}

function createConnection(socket: Socket): Connection {
  const connection = {
    socket,
    inProgress: 0,
    waitingSince: performance.now(),
    end() {
      connection.inProgress -= 1;
      connection.waitingSince = performance.now();
    },
  };
  return connection;
}

function longestWaiting(connections: Iterable<Connection>): Connection | undefined {
  let longest: Connection | undefined;
  for (const connection of connections) {
    const isWaiting = connection.inProgress === 0;
    if (isWaiting && connection.waitingSince < (longest?.waitingSince ?? Infinity))
      longest = connection;
  }
  return longest;
}
