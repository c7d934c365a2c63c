import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { imageVariables } from "../../service/testing/image-variables.ts";
import { TEST_ENVIRONMENT } from "../../service/testing/service-process.ts";

/** The service as its own process, as in the container. */
export interface ServiceProcess {
  readonly port: number;
  readonly child: ChildProcess;
  /** Everything it wrote on standard error. */
  readonly errors: () => string;
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
}

export interface ServiceProcessProps {
  /** Not set by default: then `environment` names the database. */
  readonly databaseUrl?: string;
  readonly kmsUrl: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Maximum number of open files. */
  readonly openFiles?: number | undefined;
  /** A `cgroup.procs` file of the control group to run in. */
  readonly procs?: string;
  /** Called for each log line. By default, the service writes none. */
  readonly onLine?: ((line: Readonly<Record<string, unknown>>) => void) | undefined;
}

const server = fileURLToPath(new URL("../../service/server.ts", import.meta.url));

/** Resolves once the service listens. */
export async function startService({
  databaseUrl = "",
  kmsUrl,
  environment = {},
  openFiles,
  procs = "/dev/null",
  onLine,
}: ServiceProcessProps): Promise<ServiceProcess> {
  // The shell enters the control group, then becomes the service.
  const limit = openFiles === undefined ? "" : `ulimit -n ${openFiles} && `;
  const script = `${limit}echo $$ > "$0" && exec "$@"`;
  const child = spawn("sh", ["-c", script, procs, process.execPath, server], {
    env: {
      ...TEST_ENVIRONMENT,
      DATABASE_URL: databaseUrl,
      AWS_ENDPOINT_URL: kmsUrl,
      LOG_LEVEL: onLine === undefined ? "fatal" : "info",
      ...environment,
      NODE_OPTIONS: `${imageVariables().NODE_OPTIONS} ${environment.NODE_OPTIONS ?? ""}`,
    },
    stdio: ["ignore", onLine === undefined ? "ignore" : "pipe", "pipe", "ipc"],
  });
  if (child.stdout !== null) {
    createInterface(child.stdout).on("line", (line) => onLine?.(JSON.parse(line)));
  }
  let errors = "";
  child.stderr?.on("data", (data) => {
    errors += data;
  });
  const exited = once(child, "exit");
  const message = await Promise.race([once(child, "message"), exited]);
  const { listening: port } = message[0] as { readonly listening?: number };
  if (port === undefined) throw new Error(`The service did not start: ${errors}`);
  return {
    port,
    child,
    errors: () => errors,
    async kill(signal) {
      child.kill(signal);
      await exited;
    },
  };
}
