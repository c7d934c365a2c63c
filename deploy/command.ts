import { nearest } from "../common/nearest.ts";
import { unknownName } from "../common/unknown-name.ts";

const VERBS = ["deploy", "diff", "destroy"] as const;

type Verb = (typeof VERBS)[number];

/** Made before all others and kept when they go. */
const BOOTSTRAP = "bootstrap";

/** Of the CDKTF CLI, for any of its commands. */
const OPTIONS = [
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

const OPTIONS_OF: Readonly<Record<Verb, readonly string[]>> = {
  deploy: [
    ...OPTIONS,
    "--auto-approve",
    "--outputs-file",
    "--outputs-file-include-sensitive-outputs",
    "--parallelism",
    "--refresh-only",
  ],
  diff: [...OPTIONS, "--refresh-only"],
  destroy: [...OPTIONS, "--auto-approve", "--parallelism"],
};

const HELP = ["--help", "-h"];

export const USAGE = `npm run deploy | diff | destroy [-- STACK... --OPTION[=VALUE]...]

Deploys, plans or destroys all stacks but ${BOOTSTRAP}, or those that are named, by CDKTF's CLI.

  --auto-approve   ask nothing (deploy, destroy)
  --help           this text

The other options are the CLI's own: \`npx cdktf deploy --help\`.`;

export interface Command {
  readonly verb: Verb;
  /** None: all but bootstrap are meant. */
  readonly named: readonly string[];
  /** For the CDKTF CLI. */
  readonly options: readonly string[];
  readonly help: boolean;
}

/** Wrong arguments; the message is for whoever typed them. */
export class UsageError extends Error {}

/**
 * @param args a verb, then stacks and options in any order
 * @throws {UsageError} naming what is wrong and what there is. CDKTF takes an option that it does not know
 *   without a word: a misspelt `--refresh-only` would deploy.
 */
export function commandFrom([given = "", ...rest]: readonly string[]): Command {
  const verb = VERBS.find((name) => name === given);
  if (verb === undefined) {
    throw new UsageError(`There is no command "${given}"; there are ${VERBS.join(", ")}.`);
  }
  const options = rest.filter((arg) => arg.startsWith("-") && !HELP.includes(arg));
  const known = OPTIONS_OF[verb];
  for (const option of options) {
    const [name = ""] = option.split("=");
    if (known.includes(name)) continue;
    throw new UsageError(
      `${verb}: ${unknownName("option", name, known, "--")}\nThere are ${known.join(", ")}, --help.`,
    );
  }
  return {
    verb,
    named: rest.filter((arg) => !arg.startsWith("-")),
    options,
    help: rest.some((arg) => HELP.includes(arg)),
  };
}

/**
 * @param known all stacks, in the order in which they are deployed
 * @returns those that a command means, in that order
 * @throws {UsageError} naming what is wrong and what there is
 */
export function stacksMeant({ named }: Command, known: readonly string[]): readonly string[] {
  for (const name of named) {
    if (!known.includes(name)) throw new UsageError(unknownStack(name, known));
  }
  return known.filter((stack) => (named.length > 0 ? named.includes(stack) : stack !== BOOTSTRAP));
}

function unknownStack(name: string, known: readonly string[]): string {
  if (name === "service") {
    return 'The stack "service" is left out until CIPHERWATCH_IMAGE_DIGEST is set.';
  }
  const suggestion = nearest(name, known);
  const question = suggestion === undefined ? "" : ` Did you mean ${suggestion}?`;
  return (
    `There is no stack "${name}"; there are ${known.join(", ")}.${question}\n` +
    "An option's value is joined to it by an equals sign, as in --parallelism=2."
  );
}
