import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { KEY_ARN } from "./memory-kms.ts";

/** Variables with the database and the endpoint of AWS; others have defaults. */
type Environment = Readonly<Record<string, string>>;

/** Variables of a service on a free loopback port, for any endpoint of AWS. */
export const TEST_ENVIRONMENT = {
  PORT: "0",
  HOST: "127.0.0.1",
  KMS_KEY_ARN: KEY_ARN,
  AWS_REGION: "ap-southeast-2",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
};

/** A program of the service in its own process. */
export interface Running {
  readonly process: ChildProcess;
  /** Everything written so far to standard output and standard error. */
  readonly output: () => string;
  /** The exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
}

function start(module: string, environment: Environment): Running {
  const child = spawn(process.execPath, [join(import.meta.dirname, "..", module)], {
    env: {
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...TEST_ENVIRONMENT,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  child.stdout?.on("data", (data) => {
    output += data;
  });
  child.stderr?.on("data", (data) => {
    output += data;
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { process: child, output: () => output, exited };
}

/** Runs `server.ts` or `migrate.ts` until it exits. */
export async function run(module: string, environment: Environment) {
  const running = start(module, environment);
  return { code: await running.exited, output: running.output };
}

/** Starts the service, passes it to the callback and stops it afterwards. */
export async function withService(
  environment: Environment,
  use: (port: number, service: Running) => Promise<void>,
): Promise<void> {
  const service = start("server.ts", environment);
  try {
    const port = await new Promise<number>((resolve, reject) => {
      service.process.once("message", ({ listening }: { listening: number }) => resolve(listening));
      service.exited.then((code) => reject(new Error(`ended with ${code}:\n${service.output()}`)));
    });
    await use(port, service);
  } finally {
    service.process.kill("SIGKILL");
    await service.exited;
  }
}

/** The logged lines, parsed. */
export const lines = ({ output }: Running): Record<string, unknown>[] =>
  output()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
