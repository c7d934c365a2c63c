import { type ParseArgsConfig, parseArgs } from "node:util";
import { unknownName } from "./unknown-name.ts";

/**
 * Parses command line arguments.
 * @throws Error with a suggestion for an unknown option, and the usage text
 */
export function parseOptions<Config extends ParseArgsConfig>(config: Config, usage: string) {
  try {
    return parseArgs(config);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, unknown] = /^Unknown option '(-[^']+)'/.exec(message) ?? [];
    const known = Object.keys(config.options ?? {}).map((name) => `--${name}`);
    const reason = unknown === undefined ? message : unknownName("option", unknown, known, "--");
    throw new Error(`${reason}\n\n${usage}`);
  }
}
