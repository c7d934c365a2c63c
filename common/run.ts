import { type ChildProcess, spawn } from "node:child_process";

export type Command = readonly [program: string, ...args: string[]];

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output and standard error, interleaved as they arrived. */
  readonly output: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the program; inherited from this process by default. */
  readonly env?: NodeJS.ProcessEnv;
  /** Exit codes that do not throw; only 0 by default. */
  readonly accept?: readonly number[] | "any";
  /** Milliseconds until the program receives SIGTERM and the call throws; unlimited by default. */
  readonly timeout?: number;
  /**
   * Forwards SIGINT and SIGTERM to the program and waits for it, instead of ending first and leaving it to be
   * killed; off by default. A SIGTERM after another signal is not forwarded: GitHub sends one 7.5 s after it
   * cancels a job, and Terraform would exit without saving its state.
   */
  readonly forwardSignals?: boolean;
  /** Also prints the program's output while it runs; off by default. */
  readonly stream?: boolean;
}

/** A program that could not be started, was killed, or exited with a code that is not accepted. */
export class CommandError extends Error {}

/**
 * Runs a program without a shell and captures its output.
 *
 * Error messages contain the command line and the output: pass secrets in `env`, never as arguments.
 * @throws {CommandError}
 */
export function run(
  command: Command,
  { accept = [0], stream = false, forwardSignals = false, ...options }: RunOptions = {},
): Promise<CommandResult> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...options,
      stdio: ["ignore", "pipe", "pipe"],
      // In its own process group, a terminal's Ctrl-C reaches the program only once, forwarded.
      detached: forwardSignals,
    });
    const stopForwarding = forwardSignals ? forwardSignalsTo(child) : () => {};
    const captured = { stdout: "", stderr: "", output: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        captured[name] += text;
        captured.output += text;
        if (stream) process[name].write(text);
      });
    }
    child.once("error", ({ message }) => {
      stopForwarding();
      reject(new CommandError(`Could not start ${program}: ${message}. Is it installed?`));
    });
    child.once("close", (code, signal) => {
      stopForwarding();
      if (code !== null && (accept === "any" || accept.includes(code))) {
        resolve({ code, ...captured });
        return;
      }
      const ending = code === null ? `was terminated by ${signal}` : `exited with code ${code}`;
      const output = stream ? "" : `:\n${captured.output}`;
      reject(new CommandError(`${command.join(" ")} ${ending}${output}`));
    });
  });
}

/** @returns a function that restores the default handling of the signals */
function forwardSignalsTo(child: ChildProcess): () => void {
  let signalled = false;
  const forward = (signal: NodeJS.Signals) => {
    if (signal === "SIGINT" || !signalled) child.kill(signal);
    signalled = true;
  };
  process.on("SIGINT", forward).on("SIGTERM", forward);
  return () => {
    process.off("SIGINT", forward).off("SIGTERM", forward);
  };
}

/** Returns whether a program is installed and exits with 0. */
export async function succeeds(...command: Command): Promise<boolean> {
  return await run(command).then(
    () => true,
    () => false,
  );
}
