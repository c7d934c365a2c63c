import { parseOptions } from "../../common/parse-options.ts";
import { unknownName } from "../../common/unknown-name.ts";

export interface AttackOptions {
  /** Ids of the attacks to run. */
  readonly ids: readonly string[];
  readonly list: boolean;
  readonly help: boolean;
  /** The lab's data folder. */
  readonly data: string;
  /** Real seconds to wait for each email. Default: derived from the lab's speed. */
  readonly timeout?: number;
}

export const USAGE = `npm run attack -- ID... [options]

Runs an attack against a running lab, waits for the email of the alarm that must detect it, and prints the email.
After several attacks, prints a table of what each did, what the alarms detected and when the emails arrived.

  ID                  id of a detection, or attack-under-way; several run one after the other
  --all               run every attack except those of the CIS pack and of monitored keys
  --list              list the attacks and what each does
  --data DIR          data folder of the lab                                   (default: .lab)
  --timeout SECONDS   how long to wait for each email            (default: by the lab's speed)
  --help              show this help

Exit codes: 0 every attack was detected; 1 an attack was not detected; 2 an attack could not be run.`;

/**
 * Parses the command line options.
 * @param allIds ids of all attacks
 * @param defaultIds ids that --all selects
 * @throws Error that names the argument, the value received and what is allowed
 */
export function readOptions(
  args: readonly string[],
  allIds: readonly string[],
  defaultIds: readonly string[],
): AttackOptions {
  const { values, positionals } = parseOptions(
    {
      args: [...args],
      allowPositionals: true,
      options: {
        all: { type: "boolean" },
        list: { type: "boolean" },
        data: { type: "string" },
        timeout: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    },
    USAGE,
  );
  const { list = false, help = false, all = false, data = ".lab" } = values;
  if (!help) rejectNames(positionals, { all, list });
  const unknown = help ? undefined : positionals.find((id) => !allIds.includes(id));
  if (unknown !== undefined) {
    throw new Error(
      `${unknownName("attack", unknown, allIds)}\nAvailable attacks: ${allIds.join(", ")}.`,
    );
  }
  if (!list && !help && !all && positionals.length === 0) {
    throw new Error(`Name at least one attack, or pass --all.\n\n${USAGE}`);
  }
  const timeout = values.timeout === undefined ? undefined : Number(values.timeout);
  if (timeout !== undefined && !(timeout > 0 && timeout <= 86_400)) {
    throw new Error(
      `--timeout must be a number of seconds above 0 and at most 86400, not "${values.timeout}".`,
    );
  }
  return {
    ids: all ? defaultIds : positionals,
    list,
    help,
    data,
    ...(timeout === undefined ? {} : { timeout }),
  };
}

/** Rejects names beside an option that selects the attacks itself, which would otherwise be ignored. */
function rejectNames(
  names: readonly string[],
  { all, list }: { all: boolean; list: boolean },
): void {
  const option = list ? "--list" : "--all";
  if ((!all && !list) || names.length === 0) return;
  throw new Error(
    `Pass either ${option} or names of attacks; received ${option} and ${names.join(", ")}.`,
  );
}
