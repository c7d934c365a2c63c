import { type ParseArgsConfig, parseArgs } from "node:util";
import { continueAfterClosedPipe } from "./closed-pipe.ts";
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
    const [synopsis] = usage.split("\n");
    throw new Error(
      `${explain(error, config)}\nUsage: ${synopsis}\nFor every option, pass --help.`,
    );
  }
}

/** Explains an error of `parseArgs`, whose own message leaves out the value or what is allowed. */
function explain(error: unknown, { args = process.argv.slice(2), options }: ParseArgsConfig) {
  const message = error instanceof Error ? error.message : String(error);
  const [, quoted = ""] = /'(.*?)'(?:[. ]|$)/s.exec(message) ?? [];
  // An option is quoted with its short name and a placeholder for its value: '-h, --help' or '--port <value>'.
  const [option = quoted] = /--[^\s]+/.exec(quoted) ?? [];
  const known = Object.keys(options ?? {}).map((name) => `--${name}`);
  if (message.startsWith("Unknown option")) {
    return unknownName("option", optionAsWritten(quoted, args), known, "--");
  }
  if (message.startsWith("Unexpected argument")) {
    return `Unexpected argument ${JSON.stringify(quoted)}. Only options are allowed.`;
  }
  if (message.includes("does not take an argument")) {
    const value = args.find((arg) => arg.startsWith(`${option}=`))?.slice(option.length + 1);
    return `${option} takes no value; received ${JSON.stringify(value)}.`;
  }
  if (message.includes("argument missing")) return `${option} needs a value.`;
  if (message.includes("argument is ambiguous")) {
    const next = args[args.indexOf(option) + 1] ?? "";
    if (known.includes(next)) return `${option} needs a value; received the option ${next}.`;
    return `${option} needs a value. Join a value that begins with a dash to it: ${option}=${next}`;
  }
  return message;
}

/** Returns an option as it was written: `parseArgs` takes `-since` for the short options -s, -i, -n and so on. */
function optionAsWritten(option: string, args: readonly string[]): string {
  if (option.startsWith("--")) return option;
  const written = args.find((arg) => /^-[^-]/.test(arg) && arg.includes(option.slice(1)));
  return written?.split("=")[0] ?? option;
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
  continueAfterClosedPipe();
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
