import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A lab of its own process, as a user runs it: for tests. */
export interface SpawnedLab {
  readonly service: string;
  readonly aws: string;
  readonly console: string;
  readonly pid: number;
  /** All that it printed so far. */
  readonly output: () => string;
  readonly state: () => Promise<LabState>;
  /** Resolves with the exit code or the signal's name once the process is gone. */
  readonly kill: (signal: NodeJS.Signals) => Promise<number | string>;
  /** The process that was started: the lab's own, or npm's. */
  readonly started: number;
}

/** The parts of `GET /api/state` that the tests read. */
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
 * Starts a lab and waits until it says that it is ready.
 * @param data its data folder
 * @param command what to run, `npm start --` by default
 * @param env additions to the environment
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
  const [program = "", ...first] = command;
  const ports = ["--port", "0", "--aws-port", "0", "--console-port", "0"];
  const child = spawn(program, [...first, ...ports, "--data", data, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const exited = ended(child);
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (/^Ready in /m.test(output)) resolve();
      });
    }
  });
  const early = exited.then((code) => {
    throw new Error(`The lab ended with ${code}:\n${output}`);
  });
  await Promise.race([ready, early]);
  early.catch(() => {});
  const endpoints = JSON.parse(readFileSync(join(data, "endpoints.json"), "utf8")) as Pick<
    SpawnedLab,
    "service" | "aws" | "console" | "pid"
  >;
  return {
    ...endpoints,
    started: child.pid ?? endpoints.pid,
    output: () => output,
    state: async () =>
      JSON.parse((await send("GET", `${endpoints.console}/api/state`)).body) as LabState,
    kill: (signal) => {
      // Not through npm, which may end before its child; a lab that is gone already needs no signal.
      if (child.exitCode === null && child.signalCode === null) process.kill(endpoints.pid, signal);
      return exited;
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One HTTP request, with a JSON body on any method: the Fetch API has none on GET. */
export function send(method: string, url: string, json?: unknown): Promise<Answer> {
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
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => {
          text += chunk;
        });
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: text }));
        incoming.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Asks until the answer is there. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  patience = 60_000,
): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`Waited ${patience / 1000} s in vain: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
}
