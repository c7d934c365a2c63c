import { lostOptions } from "../common/lost-options.ts";
import { nearest } from "../common/nearest.ts";
import { unknownName } from "../common/unknown-name.ts";
import type { SynthesizedStack } from "../terraform/cdktf/manifest.ts";

const VERBS = ["deploy", "diff", "destroy"] as const;

export type Verb = (typeof VERBS)[number];

/** Deployed before all other stacks and destroyed after them. */
const BOOTSTRAP = "bootstrap";

/** Options of the CDKTF CLI that all three commands accept. */
const COMMON_OPTIONS = [
  "--disable-plugin-cache-env",
  "--experimental-provider-schema-cache-path",
  "--log-file-directory",
  "--log-level",
  "--migrate-state",
  "--no-color",
  "--skip-provider-lock",
  "--terraform-parallelism",
  "--var",
  "--var-file",
];

const OPTIONS: Readonly<Record<Verb, readonly string[]>> = {
  deploy: [
    ...COMMON_OPTIONS,
    "--auto-approve",
    "--outputs-file",
    "--outputs-file-include-sensitive-outputs",
    "--parallelism",
    "--refresh-only",
  ],
  diff: [...COMMON_OPTIONS, "--refresh-only"],
  destroy: [...COMMON_OPTIONS, "--auto-approve", "--parallelism"],
};

const HELP = ["--help", "-h"];

/** Selects the stacks that monitor the KMS keys of other applications, all of them or the named ones. */
const WATCH = "watch";

export const USAGE = `npm run deploy | diff | destroy [-- STACK... --OPTION[=VALUE]...]

Deploys, plans or destroys the named stacks with the CDKTF CLI. Without names: all stacks except ${BOOTSTRAP}.

  ${WATCH}            the stacks that monitor your own KMS keys, without the service (docs/monitoring-keys.md)

  --auto-approve   do not ask for confirmation (deploy, destroy)
  --help           show this help

All other options are passed to the CLI. For a list, run: npx cdktf deploy --help

Exit codes: 0 success; 1 the CLI failed or a plan could not be made; 2 invalid arguments.`;

export interface DeployCommand {
  readonly verb: Verb;
  /** Empty: all stacks except bootstrap. */
  readonly stackNames: readonly string[];
  /** Whether the stacks are those that monitor other keys. */
  readonly isWatch: boolean;
  /** Passed to the CDKTF CLI. */
  readonly options: readonly string[];
  readonly help: boolean;
}

/** Thrown for invalid arguments, with a message for the user. */
export class UsageError extends Error {}

/**
 * Parses the command line.
 * @param args a verb, then stack names and options in any order
 * @throws {UsageError} for an unknown verb or option. CDKTF ignores options that it does not know: a
 *   misspelled `--refresh-only` would deploy.
 */
export function parseCommand([first = "", ...rest]: readonly string[]): DeployCommand {
  const verb = VERBS.find((name) => name === first);
  if (verb === undefined) {
    throw new UsageError(`Unknown command "${first}". Use one of ${VERBS.join(", ")}.`);
  }
  const lost = lostOptions(
    OPTIONS[verb].map((name) => name.slice("--".length)),
    process.env,
  );
  if (lost !== undefined) throw new UsageError(lost);
  const options = rest.filter((arg) => arg.startsWith("-") && !HELP.includes(arg));
  const allowed = OPTIONS[verb];
  for (const option of options) {
    const [name = ""] = option.split("=");
    if (allowed.includes(name)) continue;
    throw new UsageError(
      `${verb}: ${unknownName("option", name, [...allowed, "--help"], "--")}\nAllowed are ${allowed.join(", ")}, --help.`,
    );
  }
  const names = rest.filter((arg) => !arg.startsWith("-"));
  return {
    verb,
    stackNames: names.filter((name) => name !== WATCH),
    isWatch: names.some((name) => name === WATCH || name.startsWith(`${WATCH}-`)),
    options,
    help: rest.some((arg) => HELP.includes(arg)),
  };
}

/**
 * Selects the stacks that a command applies to.
 * @param stacks all stacks, each after its dependencies
 * @returns the selected ones in the same order
 * @throws {UsageError} if a name is unknown
 */
export function selectedStacks(
  { stackNames, options }: DeployCommand,
  stacks: readonly SynthesizedStack[],
): readonly SynthesizedStack[] {
  const known = stacks.map(({ name }) => name);
  for (const name of stackNames) {
    if (!known.includes(name)) throw new UsageError(unknownStack(name, known, options));
  }
  return stacks.filter(({ name }) =>
    stackNames.length > 0 ? stackNames.includes(name) : name !== BOOTSTRAP,
  );
}

function unknownStack(name: string, known: readonly string[], options: readonly string[]): string {
  if (name === "service") {
    return 'The stack "service" is left out until CIPHERWATCH_IMAGE_DIGEST is set.';
  }
  const suggestion = nearest(name, known);
  const question = suggestion === undefined ? "" : ` Did you mean ${suggestion}?`;
  const option = options.find((text) => !text.includes("="));
  const hint =
    option === undefined
      ? ""
      : `\nIf it is the value of an option, join them with an equals sign: ${option}=${name}.`;
  return `Unknown stack "${name}".${question} The stacks are ${known.join(", ")}.${hint}`;
}
