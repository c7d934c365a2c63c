import { spawn } from "node:child_process";
import { StepError } from "../github/step.ts";

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Exit codes that are answers. Only 0 unless given. */
  readonly accept?: readonly number[] | "any";
  /** Show what it prints while it runs. Off unless given. */
  readonly show?: boolean;
}

/**
 * Runs a program to its end, with its arguments as they are: no shell reads them.
 * @throws StepError when it cannot be started, or its exit code is none of those accepted
 */
export function run(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, env = process.env, accept = [0], show = false }: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env,
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const collect = (stream: NodeJS.ReadableStream, to: NodeJS.WritableStream) => {
      const parts: string[] = [];
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        parts.push(text);
        if (show) to.write(text);
      });
      return parts;
    };
    const stdout = collect(child.stdout, process.stdout);
    const stderr = collect(child.stderr, process.stderr);
    child.once("error", (error) => {
      reject(new StepError(`${program} could not be started: ${error.message}. Is it installed?`));
    });
    child.once("close", (code, signal) => {
      const finished = { code: code ?? 128, stdout: stdout.join(""), stderr: stderr.join("") };
      if (code !== null && (accept === "any" || accept.includes(code))) resolve(finished);
      else {
        const printed = show ? "" : `:\n${finished.stderr || finished.stdout}`;
        reject(
          new StepError(`${[program, ...args].join(" ")} ended with ${code ?? signal}${printed}`),
        );
      }
    });
  });
}
