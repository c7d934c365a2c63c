import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which it is ended, which is an error. */
  readonly timeout?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Runs a program to its end.
 * @returns what it wrote to standard output
 * @throws Error with what it wrote to standard error, when it does not end with 0
 */
export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { stdout } = await execute(program, args, { maxBuffer: 64 * 1024 * 1024, ...options });
  return stdout;
}

/** Whether a program is there and ends with 0. */
export async function answers(program: string, ...args: readonly string[]): Promise<boolean> {
  return await run(program, args).then(
    () => true,
    () => false,
  );
}
