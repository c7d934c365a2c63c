import { spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary PostgreSQL server with real processes and connections. */
export interface RealPostgres {
  readonly version: string;
  readonly url: (user?: string) => string;
  readonly stop: () => void;
  readonly start: () => void;
  /** Stops the server and deletes its data. */
  readonly remove: () => void;
}

/** initdb and pg_ctl refuse to run as root, so root runs them as the `postgres` user of the Debian packages. */
const account = process.getuid?.() === 0 ? userIds("postgres") : undefined;

/**
 * @param certificate of the server, in PEM; no TLS by default
 * @throws Error with the error output of initdb or pg_ctl if it fails
 */
export async function startRealPostgres(certificate?: {
  readonly cert: string;
  readonly key: string;
}): Promise<RealPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-postgres-"));
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const port = await freePort();
  const version = run("initdb", ["--version"]);
  run("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]);
  for (const [name, pem] of Object.entries(certificate ?? {})) {
    const path = join(data, `server.${name === "cert" ? "crt" : "key"}`);
    writeFileSync(path, pem, { mode: 0o600 });
    if (account !== undefined) chownSync(path, account.uid, account.gid);
  }
  const tls = certificate === undefined ? "" : "-c ssl=on";
  const start = () => {
    const options = `-p ${port} -h 127.0.0.1 -k ${folder} -c fsync=off ${tls}`;
    run("pg_ctl", ["-D", data, "-w", "-l", join(folder, "log"), "-o", options, "start"]);
  };
  const stop = () => void run("pg_ctl", ["-D", data, "-w", "-m", "immediate", "stop"]);
  start();
  return {
    version: version.trim(),
    url: (user = "postgres") => `postgres://${user}@127.0.0.1:${port}/postgres`,
    start,
    stop,
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
