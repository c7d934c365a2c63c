import { setTimeout as delay } from "node:timers/promises";
import { createConnectAttempts } from "./connect-attempts.ts";
import type { ConnectionLimit } from "./connection-limit.ts";

/** A connection to the server, which connects with its first statement. */
export interface Connection {
  /** Closes the connection once its statements have ended, or after this many milliseconds. */
  readonly end: (milliseconds: number) => Promise<void>;
  /** Closes the connection without waiting for the server. Its statements reject. */
  readonly destroy: () => void;
  /** Whether the server has accepted the connection. Until then it gets no statement. */
  readonly isAccepted: () => boolean;
}

/** `write` for statements that commit: they wait for the server's disk. */
export type StatementKind = "read" | "write";

export interface ConnectionPool<C extends Connection> {
  /**
   * Runs a statement on a connection, waiting for one with room. Rejects with the error of the statement, or with the
   * reason of the signal if it aborts before the statement has a connection.
   */
  readonly run: <T>(
    statement: (connection: C) => Promise<T>,
    kind: StatementKind,
    signal?: AbortSignal,
  ) => Promise<T>;
  /** Waits this long for running statements, then closes the connections. */
  readonly close: (milliseconds: number) => Promise<void>;
}

export interface ConnectionPoolProps<C extends Connection> {
  readonly limit: ConnectionLimit;
  /** @param onClose called when the connection has closed */
  readonly open: (onClose: () => void) => C;
  /** Whether the server failed the statement and keeps the connection. */
  readonly isFailedStatement: (error: unknown) => boolean;
  /** Whether it failed the statement because it accepts no writes: another server has become the primary. */
  readonly isReadOnly: (error: unknown) => boolean;
  /** Whether the server refused the connection because it has none left. */
  readonly isExhausted: (error: unknown) => boolean;
  /** Milliseconds without a response to running statements after which a server is gone. */
  readonly silenceTimeout: number;
}

/**
 * Statements that one connection runs at a time. The driver sends those of many requests in one write, which
 * costs less than half the CPU. The bound limits how many statements wait behind a slow one.
 */
const MAX_STATEMENTS = 8;

/** Milliseconds without statements after which a connection closes. */
const IDLE_TIMEOUT = 60_000;

/** A connection of the pool, with the statements that it runs. */
interface Entry<C> {
  readonly connection: C;
  /** Whether the server has answered a statement. */
  isEstablished: boolean;
  running: number;
  /** Fires when the connection is silent, or idle, for too long. */
  timer: NodeJS.Timeout | undefined;
}

/**
 * Opens connections on demand, and then spreads statements over them: each statement takes the connection
 * that runs the fewest. A connection that is not established takes one statement only, as the others would
 * fail with it. Reads that start in the same turn of the event loop share a connection, so that they are sent in one
 * write and answered in one read; writes would wait for each other's commit there.
 *
 * A lost connection fails the statements that it runs, and no other. None of them is sent again: the server
 * may have executed it.
 *
 * While no connection can be opened, because a certificate has expired or a token is rejected, statements share those
 * that are open. One of them at a time tries to open another, and joins the others when that fails.
 *
 * A connection to a server that has become read-only after a failover stays open. Its running statements end, and the
 * next ones get a new connection, whose host name leads to the new primary.
 *
 * A live server cancels a statement at the statement timeout. A server that stays silent for longer is gone (a
 * failover leaves connections that neither answer nor close), so all idle connections are discarded as well:
 * TCP would take about 15 minutes to notice.
 */
export function createConnectionPool<C extends Connection>(
  props: ConnectionPoolProps<C>,
): ConnectionPool<C> {
  const { entries, take, release, retire, discard, hasEstablished } = createEntries(props);
  return {
    async run(statement, kind, signal) {
      for (;;) {
        const entry = await take(kind, signal);
        try {
          const result = await statement(entry.connection);
          release(entry);
          return result;
        } catch (error) {
          const wasSent = entry.isEstablished || entry.connection.isAccepted();
          if (props.isExhausted(error)) props.limit.lower(entries.size - 1);
          if (props.isReadOnly(error)) retire(entry);
          if (props.isFailedStatement(error)) release(entry);
          else discard(entry);
          if (wasSent || !hasEstablished()) throw error;
        }
      }
    },
    async close(milliseconds) {
      await Promise.all([...entries].map(({ connection }) => connection.end(milliseconds)));
    },
  };
}

/** A statement that waits for a connection. */
interface Waiting<C> {
  readonly kind: StatementKind;
  readonly start: (entry: Entry<C>) => void;
}

/** The connections of a pool, and the statements that wait for one of them. */
function createEntries<C extends Connection>({
  limit,
  silenceTimeout,
  open,
}: ConnectionPoolProps<C>) {
  const entries = new Set<Entry<C>>();
  // In the order in which they came.
  const waiting = new Set<Waiting<C>>();
  const readers = createForTurn<Entry<C>>();
  const attempts = createConnectAttempts(assign);

  function mayOpen(): boolean {
    if (entries.size >= limit.current()) return false;
    if (attempts.delay() === 0 || !hasEstablished()) return true;
    return attempts.mayTry() && [...entries].every(({ isEstablished }) => isEstablished);
  }

  const hasEstablished = () => [...entries].some(({ isEstablished }) => isEstablished);

  function choose(kind: StatementKind): Entry<C> | undefined {
    const shared = kind === "read" ? readers.get() : undefined;
    if (shared !== undefined && entries.has(shared) && hasRoom(shared)) return shared;
    const best = leastBusy(entries);
    if (best?.running === 0 || !mayOpen()) return best;
    const entry: Entry<C> = newEntry(open(() => discard(entry)));
    entries.add(entry);
    return entry;
  }

  function assign(): void {
    for (const next of waiting) {
      const entry = choose(next.kind);
      if (entry === undefined) return;
      if (next.kind === "read") readers.set(entry);
      waiting.delete(next);
      entry.running += 1;
      if (entry.running === 1) restartTimer(entry, silenceTimeout, expire);
      next.start(entry);
    }
  }

  function expire(expired: Entry<C>): void {
    if (expired.running === 0) retire(expired);
    else for (const entry of entries) if (entry === expired || entry.running === 0) discard(entry);
  }

  /** Lets the running statements end. */
  function retire(entry: Entry<C>): void {
    if (remove(entry, entries)) void entry.connection.end(silenceTimeout);
  }

  function discard(entry: Entry<C>, hasFailed = !entry.isEstablished): void {
    if (!remove(entry, entries)) return;
    if (hasFailed) attempts.failed();
    entry.connection.destroy();
    assign();
  }

  function release(entry: Entry<C>): void {
    entry.running -= 1;
    if (!entry.isEstablished) attempts.succeeded();
    entry.isEstablished = true;
    if (entries.has(entry)) restartTimer(entry, silenceTimeout, expire);
    assign();
  }

  async function take(kind: StatementKind, signal?: AbortSignal): Promise<Entry<C>> {
    signal?.throwIfAborted();
    const entry = await wait(waiting, { kind, assign, signal });
    const milliseconds = entry.isEstablished || hasEstablished() ? 0 : attempts.delay();
    if (milliseconds > 0) await delay(milliseconds, undefined, { signal }).catch(() => {});
    if (milliseconds > 0 && signal?.aborted) {
      discard(entry, false);
      throw signal.reason;
    }
    return entry;
  }

  return { entries, take, release, retire, discard, hasEstablished };
}

interface WaitProps {
  readonly kind: StatementKind;
  /** Starts the statements that wait, as far as there is room. */
  readonly assign: () => void;
  readonly signal: AbortSignal | undefined;
}

/** Rejects with the reason of the signal if it aborts first. */
function wait<C>(waiting: Set<Waiting<C>>, { kind, assign, signal }: WaitProps): Promise<Entry<C>> {
  const { promise, resolve: start, reject } = Promise.withResolvers<Entry<C>>();
  const place = { kind, start };
  waiting.add(place);
  assign();
  const leave = () => {
    if (waiting.delete(place)) reject(signal?.reason);
  };
  if (waiting.has(place)) signal?.addEventListener("abort", leave, { once: true });
  return promise;
}

/** Keeps a value until the end of this turn of the event loop. */
function createForTurn<T>() {
  let value: T | undefined;
  return {
    get: () => value,
    set(next: T): void {
      if (value === undefined) setImmediate(() => (value = undefined));
      value = next;
    },
  };
}

const newEntry = <C>(connection: C): Entry<C> => ({
  connection,
  isEstablished: false,
  running: 0,
  timer: undefined,
});

/** @returns false if it had been removed before */
function remove<C>(entry: Entry<C>, entries: Set<Entry<C>>): boolean {
  clearTimeout(entry.timer);
  return entries.delete(entry);
}

/** @param silenceTimeout milliseconds until a connection with running statements expires */
function restartTimer<C>(
  entry: Entry<C>,
  silenceTimeout: number,
  expire: (entry: Entry<C>) => void,
): void {
  clearTimeout(entry.timer);
  const milliseconds = entry.running === 0 ? IDLE_TIMEOUT : silenceTimeout;
  entry.timer = setTimeout(expire, milliseconds, entry).unref();
}

const hasRoom = ({ isEstablished, running }: Entry<unknown>) =>
  isEstablished && running < MAX_STATEMENTS;

/** Compares connections from the oldest, so that those that are not needed become idle. */
function leastBusy<C>(entries: Iterable<Entry<C>>): Entry<C> | undefined {
  let best: Entry<C> | undefined;
  for (const entry of entries) {
    if (hasRoom(entry) && (best === undefined || entry.running < best.running)) best = entry;
  }
  return best;
}
