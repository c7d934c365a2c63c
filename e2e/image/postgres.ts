import { randomUUID } from "node:crypto";
import { succeeds } from "../../common/run.ts";
import { connect } from "../../service/database.ts";
import { startPostgres as startPglite } from "../../service/testing/postgres-server.ts";
import { startRealPostgres } from "../database/postgres.ts";

/** A PostgreSQL on loopback, empty. */
export interface Postgres {
  /** For people. */
  readonly name: string;
  /** For the migrations. */
  readonly masterUrl: string;
  /** For the service, once the migrations ran. */
  readonly serviceUrl: string;
  /** All that no log may show. */
  readonly secrets: readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * A server of this machine's PostgreSQL, with the role by which RDS lets a user in by IAM: so the
 * migrations grant the service what they do in AWS, and it signs in as a user who may do no more.
 * Where there is none, PGlite, which knows one user.
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
  // The server trusts its own machine; the passwords are there to be seen where they must not be.
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
