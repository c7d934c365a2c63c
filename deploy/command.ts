import { nearest } from "../stacks/nearest.ts";

const VERBS = ["deploy", "diff", "destroy"] as const;

/** Made before all others and kept when they go. */
const BOOTSTRAP = "bootstrap";

export interface Command {
  readonly verb: (typeof VERBS)[number];
  readonly stacks: readonly string[];
  /** For the CDKTF CLI. */
  readonly options: readonly string[];
}

/** Wrong arguments; the message is for whoever typed them. */
export class UsageError extends Error {}

/**
 * @param args a verb, then stacks and options in any order
 * @param known all stacks, in the order in which they are deployed
 * @throws {UsageError} naming what is wrong and what there is
 */
export function commandFrom(args: readonly string[], known: readonly string[]): Command {
  const [given = "", ...rest] = args;
  const verb = VERBS.find((name) => name === given);
  if (verb === undefined) {
    throw new UsageError(`There is no command "${given}"; there are ${VERBS.join(", ")}.`);
  }
  const options = rest.filter((arg) => arg.startsWith("-"));
  const named = rest.filter((arg) => !arg.startsWith("-"));
  for (const name of named) {
    if (!known.includes(name)) throw new UsageError(unknownStack(name, known));
  }
  const stacks = known.filter((stack) =>
    named.length > 0 ? named.includes(stack) : stack !== BOOTSTRAP,
  );
  return { verb, stacks, options };
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
