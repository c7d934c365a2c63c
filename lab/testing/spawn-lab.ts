import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A compile cache shared by tests, which saves a third of a second at each start. Node validates its entries. */
const COMPILE_CACHE = join(tmpdir(), "cipherwatch-compile-cache");

/** A lab in its own process, as a user runs it. */
export interface SpawnedLab {
  /** URLs without a trailing slash. */
  readonly service: string;
  readonly aws: string;
  readonly console: string;
  readonly pid: number;
  /** The spawned process: the lab itself, or npm. */
  readonly spawnedPid: number;
  /** Returns everything printed so far. */
  readonly output: () => string;
  readonly state: () => Promise<LabState>;
  /** Sends a signal to the lab; resolves with the exit code or the signal's name. */
  readonly kill: (signal: NodeJS.Signals) => Promise<number | string>;
}

/** The parts of `GET /api/state` that tests read. */
export interface LabState {
  readonly clock: { readonly now: string; readonly speed: number };
  readonly alarms: readonly {
    readonly name: string;
    readonly state: string;
    readonly history: readonly unknown[];
  }[];
  readonly inbox: readonly {
    readonly to: string;
    readonly subject: string;
    readonly body: string;
  }[];
  readonly trail: readonly unknown[];
  readonly metrics: readonly unknown[];
  readonly notModelled: readonly string[];
}

/**
 * Starts a lab on free ports and waits until it is ready.
 * @param data its data folder
 * @param command default: `npm start --`
 * @param env added to the environment
 * @throws Error with the lab's output if it exits first
 */
export async function spawnLab(
  data: string,
  args: readonly string[] = [],
  {
    command = ["npm", "start", "--"],
    env = {},
  }: {
    readonly command?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<SpawnedLab> {
  const [program = "", ...programArgs] = command;
  const ports = ["--port", "0", "--aws-port", "0", "--console-port", "0"];
  const child = spawn(program, [...programArgs, ...ports, "--data", data, ...args], {
    cwd: root,
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const exited = exitStatus(child);
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
        if (/^Ready in /m.test(output)) resolve();
      });
    }
  });
  const exitedEarly = exited.then((status) => {
    throw new Error(`The lab exited with ${status}:\n${output}`);
  });
  await Promise.race([ready, exitedEarly]);
  exitedEarly.catch(() => {});
  const endpoints = JSON.parse(readFileSync(join(data, "endpoints.json"), "utf8")) as Pick<
    SpawnedLab,
    "service" | "aws" | "console" | "pid"
  >;
  return {
    ...endpoints,
    spawnedPid: child.pid ?? endpoints.pid,
    output: () => output,
    state: async () =>
      JSON.parse((await send("GET", `${endpoints.console}/api/state`)).body) as LabState,
    kill: (signal) => {
      // Signal the lab itself, because npm may exit before its child.
      if (child.exitCode === null && child.signalCode === null) process.kill(endpoints.pid, signal);
      return exited;
    },
  };
}

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
}

/** Sends an HTTP request. Unlike fetch, it can send a JSON body with GET. */
export function send(method: string, url: string, json?: unknown): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const outgoing = request(
      url,
      {
        method,
        agent: false,
        headers:
          body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      (incoming) => {
        incoming.on("error", reject);
        let received = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => {
          received += chunk;
        });
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: received }));
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/**
 * Calls `poll` until it returns a value.
 * @param timeout milliseconds
 * @throws Error that names what was awaited
 */
export async function waitFor<T>(
  description: string,
  poll: () => Promise<T | undefined>,
  timeout = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const value = await poll();
    if (value !== undefined) return value;
    if (performance.now() > deadline) {
      throw new Error(`Timed out after ${timeout / 1000} s waiting for ${description}.`);
    }
    await pause(50);
  }
}

function exitStatus(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
}
