import { randomUUID } from "node:crypto";
import { succeeds } from "../../common/run.ts";
import { connect } from "../../service/database.ts";
import { startPostgres as startPglite } from "../../service/testing/postgres-server.ts";
import { startRealPostgres } from "../database/postgres.ts";

/** An empty PostgreSQL on loopback. */
export interface Postgres {
  /** Name and version, for the log. */
  readonly name: string;
  /** URL for the migrations. */
  readonly masterUrl: string;
  /** URL for the service, after the migrations. */
  readonly serviceUrl: string;
  /** Values that must not appear in any log. */
  readonly secrets: readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * Starts this machine's PostgreSQL with the role that RDS uses for IAM authentication, so that migrations
 * grant the same privileges as in AWS. Falls back to PGlite, which has only one user.
 */
export async function startPostgres(serviceUser: string): Promise<Postgres> {
  const real = (await succeeds("initdb", "--version")) && (await succeeds("pg_ctl", "--version"));
  if (!real) {
    const { url, close } = await startPglite({ migrated: false });
    return { name: "PGlite", masterUrl: url, serviceUrl: url, secrets: [], close };
  }
  const server = await startRealPostgres();
  const admin = connect({ kind: "url", url: server.url() }, { max: 1 });
  await admin`CREATE ROLE rds_iam`.finally(() => admin.end());
  // The server does not check passwords; these detect a leak into the logs.
  const secrets = [randomUUID(), randomUUID()] as const;
  const [master, service] = secrets;
  return {
    name: server.version,
    masterUrl: withPassword(server.url(), master),
    serviceUrl: withPassword(server.url(serviceUser), service),
    secrets,
    close: async () => server.remove(),
  };
}

function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = password;
  return changed.href;
}
