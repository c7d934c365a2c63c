import { readFileSync } from "node:fs";
import { LISTENING_SOCKETS } from "./listening-sockets.ts";
import { OperatorError } from "./operator-error.ts";

/** Files besides connections: the program's, log streams, and room for connections that are closing. */
const OTHER_FILES = 64;

/** Clients that a service serves at least. */
const MIN_CLIENTS = 32;

export interface FilesOfService {
  /** Each request in progress may have a connection to KMS. */
  readonly maxInFlight: number;
  readonly poolSize: number;
}

/**
 * @param limit number of files that the process may have open
 * @returns the number of clients' connections that leaves room for those to KMS and to the database
 * @throws OperatorError if there is too little room
 */
export function connectionsForClients(
  limit: number,
  { maxInFlight, poolSize }: FilesOfService,
): number {
  const reserved = OTHER_FILES + LISTENING_SOCKETS + maxInFlight + poolSize;
  if (limit < reserved + MIN_CLIENTS) {
    throw new OperatorError(
      `The process may have ${limit} open files, but needs ${reserved + MIN_CLIENTS} for MAX_IN_FLIGHT of ${maxInFlight} ` +
        `and DATABASE_POOL_SIZE of ${poolSize}. Raise the limit (ulimit -n), or lower these.`,
    );
  }
  return limit - reserved;
}

/** Number of files that this process may have open; infinite outside Linux. Node raises it to the hard limit at start. */
export function openFileLimit(): number {
  try {
    const [, limit] =
      /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
