import { parseArgs } from "node:util";
import { unknownName } from "../../common/unknown-name.ts";

export interface AttackOptions {
  /** Of the attacks to carry out, in order. */
  readonly ids: readonly string[];
  readonly list: boolean;
  readonly help: boolean;
  /** The lab's data folder. */
  readonly data: string;
  /** Real seconds to wait for a mail; unless given, what the lab's speed calls for. */
  readonly timeout?: number;
}

export const USAGE = `npm run attack -- ID... [options]

Acts out what a detection looks for against a running lab, waits for the mail and prints it.

  ID                  a detection's, or attack-under-way; several one after the other
  --all               every detection that is not of the CIS pack, and attack-under-way
  --list              what there is, and how it is acted out
  --data DIR          where the lab keeps its state                    (.lab)
  --timeout SECONDS   how long to wait for a mail                      (by the lab's speed)
  --help              this text

It exits with 0 when every mail came, with 1 when one did not, with 2 when it could not try.`;

/**
 * @param known ids of all attacks
 * @param usual ids that --all means
 * @throws Error that names the argument, the value received and what is allowed
 */
export function readOptions(
  args: readonly string[],
  known: readonly string[],
  usual: readonly string[],
): AttackOptions {
  const { values, positionals } = parse(args);
  const { list = false, help = false, all = false, data = ".lab" } = values;
  const unknown = positionals.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new Error(`${unknownName("attack", unknown, known)}\nAttacks: ${known.join(", ")}.`);
  }
  if (!list && !help && !all && positionals.length === 0) {
    throw new Error(`Which attack? Name one, or take --all.\n\n${USAGE}`);
  }
  const timeout = values.timeout === undefined ? undefined : Number(values.timeout);
  if (timeout !== undefined && !(timeout > 0 && timeout <= 86_400)) {
    throw new Error(`--timeout is "${values.timeout}". It takes seconds above 0, up to 86400.`);
  }
  return {
    ids: all ? usual : positionals,
    list,
    help,
    data,
    ...(timeout === undefined ? {} : { timeout }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        all: { type: "boolean" },
        list: { type: "boolean" },
        data: { type: "string" },
        timeout: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}
