import { type ParseArgsConfig, parseArgs } from "node:util";
import { lostOptions } from "./lost-options.ts";
import { unknownName } from "./unknown-name.ts";

/**
 * Parses command line arguments.
 * @param usage the text of --help, whose first line is the command with its arguments
 * @throws Error with a suggestion for an unknown option, and the first line of the usage; or for options that npm
 * took
 */
export function parseOptions<Config extends ParseArgsConfig>(config: Config, usage: string) {
  const lost = lostOptions(Object.keys(config.options ?? {}), process.env);
  if (lost !== undefined) throw new Error(lost);
  try {
    return parseArgs(config);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, unknown] = /^Unknown option '(-[^']+)'/.exec(message) ?? [];
    const known = Object.keys(config.options ?? {}).map((name) => `--${name}`);
    const reason = unknown === undefined ? message : unknownName("option", unknown, known, "--");
    const [synopsis] = usage.split("\n");
    throw new Error(`${reason}\nUsage: ${synopsis}\nFor every option, pass --help.`);
  }
}

const HELP = { help: { type: "boolean", short: "h" } } as const;

/**
 * Parses the arguments of a script whose only option is --help. Prints the usage and exits for --help; prints the
 * error and exits with 2 for any other option.
 * @returns the positional arguments
 */
export function readArguments(
  usage: string,
  { positionals: allowPositionals = false } = {},
): readonly string[] {
  try {
    const { values, positionals } = parseOptions({ options: HELP, allowPositionals }, usage);
    if (!values.help) return positionals;
    console.log(usage);
    process.exit();
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}
