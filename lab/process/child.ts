import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface ChildOptions {
  /** The TypeScript module to run with the lab's own Node. */
  readonly module: URL;
  /** The child's environment variables. It inherits only PATH and NODE_COMPILE_CACHE from the lab. */
  readonly env: Readonly<Record<string, string>>;
  /** Receives each line that the child prints. */
  readonly onLine: (line: string) => void;
}

export interface Child {
  /** Resolves with the first message that the child sends; rejects if it exits without sending one. */
  readonly message: () => Promise<unknown>;
  /** Sends a message; ignored if the child has exited. */
  readonly send: (message: string) => void;
  /** Resolves with the exit code or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Sends SIGTERM, and SIGKILL after the grace period; resolves when the child has exited. */
  readonly stop: (graceMilliseconds: number) => Promise<void>;
}

const LINES_IN_ERROR = 20;

/** Starts a child process that exits together with the lab. */
export function startChild({ module, env, onLine }: ChildOptions): Child {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--import", new URL("exit-with-parent.ts", import.meta.url).href, fileURLToPath(module)],
    { env: { ...inheritedEnvironment(), ...env }, stdio: ["ignore", "pipe", "pipe", "ipc"] },
  );
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lastLines.push(line);
      if (lastLines.length > LINES_IN_ERROR) lastLines.shift();
      onLine(line);
    });
  }
  const exited = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return {
    send: (message) => {
      if (child.connected) child.send(message);
    },
    exited,
    message: () =>
      new Promise((resolve, reject) => {
        child.once("message", resolve);
        exited.then(
          (code) =>
            reject(
              new Error(`${fileURLToPath(module)} exited with ${code}:\n${lastLines.join("\n")}`),
            ),
          reject,
        );
      }),
    stop: async (graceMilliseconds) => {
      child.kill("SIGTERM");
      const forceExit = setTimeout(() => child.kill("SIGKILL"), graceMilliseconds);
      await exited;
      clearTimeout(forceExit);
    },
  };
}

/** Returns the variables that a child inherits, without the user's AWS settings. */
function inheritedEnvironment(): Readonly<Record<string, string>> {
  const { PATH = "", NODE_COMPILE_CACHE } = process.env;
  return { PATH, ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }) };
}
