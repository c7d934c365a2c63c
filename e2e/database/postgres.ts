import { spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "../../service/testing/certificate.ts";

/** A temporary PostgreSQL server with real processes and connections. */
export interface RealPostgres {
  readonly version: string;
  readonly url: (user?: string) => string;
  readonly stop: () => void;
  readonly start: () => void;
  /** Presents another certificate to new connections. It must have been started with one. */
  readonly setCertificate: (certificate: Certificate) => void;
  /** Signs new connections over TLS in by another method. It must have been started with a certificate. */
  readonly setSignIn: (method: SignInMethod) => void;
  /** Stops the server and deletes its data. */
  readonly remove: () => void;
}

/** initdb and pg_ctl refuse to run as root, so root runs them as the `postgres` user of the Debian packages. */
const account = process.getuid?.() === 0 ? userIds("postgres") : undefined;

/** How the server signs users in. https://www.postgresql.org/docs/current/auth-methods.html */
export type SignInMethod = "trust" | "password" | "reject";

/** As RDS does with `rds.force_ssl`, accepts other users than the one of the tests over TLS only. */
const onlyTls = (method: SignInMethod) => `
local all postgres trust
hostnossl all postgres 127.0.0.1/32 trust
hostssl all all 127.0.0.1/32 ${method}
`;

/**
 * @param certificate of the server; no TLS by default
 * @throws Error with the error output of initdb or pg_ctl if it fails
 */
export async function startRealPostgres(certificate?: Certificate): Promise<RealPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-postgres-"));
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const port = await freePort();
  const version = run("initdb", ["--version"]);
  run("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]);
  const write = (name: string, content: string) => {
    const path = join(data, name);
    writeFileSync(path, content, { mode: 0o600 });
    if (account !== undefined) chownSync(path, account.uid, account.gid);
  };
  const writeCertificate = ({ cert, key }: Certificate) => {
    write("server.crt", cert);
    write("server.key", key);
  };
  if (certificate !== undefined) {
    writeCertificate(certificate);
    write("pg_hba.conf", onlyTls("trust"));
  }
  const tls = certificate === undefined ? "" : "-c ssl=on";
  const start = () => {
    const options = `-p ${port} -h 127.0.0.1 -k ${folder} -c fsync=off ${tls}`;
    run("pg_ctl", ["-D", data, "-w", "-l", join(folder, "log"), "-o", options, "start"]);
  };
  const stop = () => void run("pg_ctl", ["-D", data, "-w", "-m", "immediate", "stop"]);
  const reload = () => void run("pg_ctl", ["-D", data, "reload"]);
  start();
  return {
    version: version.trim(),
    url: (user = "postgres") => `postgres://${user}@127.0.0.1:${port}/postgres`,
    start,
    stop,
    setCertificate(next) {
      writeCertificate(next);
      reload();
    },
    setSignIn(method) {
      write("pg_hba.conf", onlyTls(method));
      reload();
    },
    remove: () => {
      stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    cwd: tmpdir(),
    // The server that pg_ctl starts would keep a pipe open.
    stdio: program === "pg_ctl" ? "ignore" : "pipe",
    ...account,
  });
  if (status === 0) return stdout ?? "";
  throw new Error(`${program} ${args.join(" ")} failed with ${status ?? error}: ${stderr}`);
}

function userIds(user: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string) => Number(spawnSync("id", [flag, user], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
