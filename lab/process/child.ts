import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface ChildOptions {
  /** The module to run, as Node runs the lab itself. */
  readonly module: URL;
  /** All that the child sees of the environment: nothing of the user's own AWS settings leaks in. */
  readonly env: Readonly<Record<string, string>>;
  /** Each line that the child prints. */
  readonly onLine: (line: string) => void;
}

export interface Child {
  /** Resolves with the message that the child sends; rejects when it ends without one. */
  readonly message: () => Promise<unknown>;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Asks it to stop, then makes it; resolves when it is gone. */
  readonly stop: (graceMilliseconds: number) => Promise<void>;
}

export function startChild({ module, env, onLine }: ChildOptions): Child {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--import", new URL("exit-with-parent.ts", import.meta.url).href, fileURLToPath(module)],
    { env: { PATH: process.env.PATH ?? "", ...env }, stdio: ["ignore", "pipe", "pipe", "ipc"] },
  );
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      last.push(line);
      if (last.length > 20) last.shift();
      onLine(line);
    });
  }
  const exited = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return {
    exited,
    message: () =>
      new Promise((resolve, reject) => {
        child.once("message", resolve);
        exited.then(
          (code) =>
            reject(new Error(`${fileURLToPath(module)} ended with ${code}:\n${last.join("\n")}`)),
          reject,
        );
      }),
    stop: async (graceMilliseconds) => {
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), graceMilliseconds);
      await exited;
      clearTimeout(force);
    },
  };
}
