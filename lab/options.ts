import { parseArgs } from "node:util";

export interface LabOptions {
  readonly port: number;
  readonly awsPort: number;
  readonly consolePort: number;
  /** Lab seconds per real second. */
  readonly speed: number;
  /** Lab seconds from a call until CloudTrail delivers its record. */
  readonly trailDelaySeconds: number;
  readonly fresh: boolean;
  /** The folder that holds the lab's state. */
  readonly data: string;
  readonly help: boolean;
}

/**
 * With these a wrong key is a mail within ten real seconds: five minutes of delivery, which AWS names as
 * CloudTrail's average, and at most a minute until the next evaluation of the alarm, at a minute a second.
 */
const DEFAULTS = { speed: 60, trailDelaySeconds: 300 } as const;

export const USAGE = `npm start -- [options]

  --port N               the service's port                                   (8080; 0: a free one)
  --aws-port N           the AWS endpoint's port                              (4566; 0: a free one)
  --console-port N       the console's port                                   (8090; 0: a free one)
  --speed X              lab seconds in a real second, 1 to 600               (${DEFAULTS.speed})
  --trail-delay SECONDS  lab seconds until CloudTrail delivers, 0 to 3600     (${DEFAULTS.trailDelaySeconds})
  --fresh                begin anew: delete the lab's keys, records and mails
  --data DIR             where the lab keeps its state                        (.lab)
  --help                 this text`;

/** @throws Error that names the option, the value received and what is allowed */
export function readOptions(args: readonly string[]): LabOptions {
  const { values } = parse(args);
  const options = {
    port: number("--port", values.port, 8080, PORT),
    awsPort: number("--aws-port", values["aws-port"], 4566, PORT),
    consolePort: number("--console-port", values["console-port"], 8090, PORT),
    speed: number("--speed", values.speed, DEFAULTS.speed, { min: 1, max: 600, whole: false }),
    trailDelaySeconds: number("--trail-delay", values["trail-delay"], DEFAULTS.trailDelaySeconds, {
      min: 0,
      max: 3600,
      whole: false,
    }),
    fresh: values.fresh ?? false,
    data: values.data ?? ".lab",
    help: values.help ?? false,
  };
  if (options.data === "") {
    throw new Error('--data is "". It takes the name of a folder, as in --data .lab.');
  }
  refuseSharedPort(options);
  return options;
}

function refuseSharedPort({ port, awsPort, consolePort }: LabOptions): void {
  const taken = new Map<number, string>();
  const ports = { "--port": port, "--aws-port": awsPort, "--console-port": consolePort };
  for (const [option, wanted] of Object.entries(ports)) {
    const other = wanted === 0 ? undefined : taken.get(wanted);
    if (other !== undefined) {
      throw new Error(
        `${other} and ${option} are both ${wanted}. Give each a port of its own, or 0.`,
      );
    }
    taken.set(wanted, option);
  }
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

const PORT: Range = { min: 0, max: 65_535, whole: true };

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        "aws-port": { type: "string" },
        "console-port": { type: "string" },
        speed: { type: "string" },
        "trail-delay": { type: "string" },
        fresh: { type: "boolean" },
        data: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

function number(
  name: string,
  text: string | undefined,
  fallback: number,
  { min, max, whole }: Range,
): number {
  if (text === undefined) return fallback;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new Error(
    `${name} is "${text}". It takes a ${whole ? "whole " : ""}number from ${min} to ${max}, as in ${name} ${fallback}.`,
  );
}
