import { spawn } from "node:child_process";

export type Command = readonly [program: string, ...args: string[]];

export interface Finished {
  readonly code: number;
  /** Standard output and standard error as they came. */
  readonly output: string;
  /** Standard output alone. */
  readonly stdout: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Exit codes that are answers; any other is an error. Only 0 unless given. */
  readonly accept?: readonly number[] | "any";
  /** Milliseconds after which it is ended, which is an error. */
  readonly timeout?: number;
}

/**
 * Runs a program to its end.
 * @throws Error with all that it printed, when its exit code is none of those accepted
 */
export function run(
  command: Command,
  { accept = [0], ...options }: CommandOptions = {},
): Promise<Finished> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const isAnswer = code !== null && (accept === "any" || accept.includes(code));
      if (isAnswer) resolve({ code, output, stdout });
      else reject(new Error(`${command.join(" ")} ended with ${code ?? signal}:\n${output}`));
    });
  });
}

/** Whether a program is there and ends with 0. */
export async function answers(...command: Command): Promise<boolean> {
  return await run(command).then(
    () => true,
    () => false,
  );
}
