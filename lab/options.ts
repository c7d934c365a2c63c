import { parseOptions } from "../common/parse-options.ts";

export interface LabOptions {
  readonly port: number;
  readonly awsPort: number;
  readonly consolePort: number;
  /** Lab seconds per real second. */
  readonly speed: number;
  /** Lab seconds from a call until CloudTrail delivers its record, on average. */
  readonly trailDelaySeconds: number;
  /** Data folder of the lab whose KMS keys this one replicates, in another Region. */
  readonly replicaOf?: string;
  /** Whether the service requires access tokens, which the lab's own issuer signs. */
  readonly identity: boolean;
  readonly fresh: boolean;
  /** The lab's data folder. */
  readonly data: string;
  readonly help: boolean;
}

/**
 * With these defaults, a wrong Key results in an email after about seven real seconds, in which seven lab minutes
 * pass: CloudTrail delivers after five minutes on average, as AWS documents, and the alarm is evaluated within
 * another minute.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
 */
const DEFAULTS = { speed: 60, trailDelaySeconds: 300 } as const;

export const USAGE = `npm start -- [options]

  --port N               port of the service                    (default: 8080; 0: any free port)
  --aws-port N           port of the AWS endpoint               (default: 4566; 0: any free port)
  --console-port N       port of the console                    (default: 8090; 0: any free port)
  --speed X              lab seconds per real second, 1 to 600                      (default: ${DEFAULTS.speed})
  --trail-delay SECONDS  average lab seconds until CloudTrail delivers, 0 to 3600  (default: ${DEFAULTS.trailDelaySeconds})
  --identity             require access tokens; the lab has an issuer for them
  --replica-of DIR       run as the second Region of the lab with this data folder (docs/failover.md)
  --fresh                delete the data of earlier runs: keys, records and emails
  --data DIR             folder for the lab's data                             (default: .lab)
  --help                 show this help

Exit codes: 0 the lab was stopped; 1 it could not start, or failed; 2 invalid arguments.`;

/** Parses the command line options. @throws Error that names the option, the value received and what is allowed */
export function readOptions(args: readonly string[]): LabOptions {
  const { values } = parseOptions(
    {
      args: [...args],
      options: {
        port: { type: "string" },
        "aws-port": { type: "string" },
        "console-port": { type: "string" },
        speed: { type: "string" },
        "trail-delay": { type: "string" },
        identity: { type: "boolean" },
        "replica-of": { type: "string" },
        fresh: { type: "boolean" },
        data: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    },
    USAGE,
  );
  const options = {
    port: parsePort("--port", values.port, 8080),
    awsPort: parsePort("--aws-port", values["aws-port"], 4566),
    consolePort: parsePort("--console-port", values["console-port"], 8090),
    speed: parseNumber("--speed", values.speed, DEFAULTS.speed, { min: 1, max: 600 }),
    trailDelaySeconds: parseNumber(
      "--trail-delay",
      values["trail-delay"],
      DEFAULTS.trailDelaySeconds,
      { min: 0, max: 3600 },
    ),
    ...(values["replica-of"] !== undefined && { replicaOf: values["replica-of"] }),
    identity: values.identity ?? false,
    fresh: values.fresh ?? false,
    data: values.data ?? ".lab",
    help: values.help ?? false,
  };
  if (options.data === "") {
    throw new Error('--data must be the path of a folder, for example --data .lab, not "".');
  }
  rejectSharedPorts(options);
  return options;
}

function rejectSharedPorts({ port, awsPort, consolePort }: LabOptions): void {
  const optionByPort = new Map<number, string>();
  const ports = { "--port": port, "--aws-port": awsPort, "--console-port": consolePort };
  for (const [option, value] of Object.entries(ports)) {
    const other = value === 0 ? undefined : optionByPort.get(value);
    if (other !== undefined) {
      throw new Error(
        `${other} and ${option} are both ${value}. Choose a different port for each, or 0 for any free port.`,
      );
    }
    optionByPort.set(value, option);
  }
}

const parsePort = (option: string, value: string | undefined, fallback: number) =>
  parseNumber(option, value, fallback, { min: 0, max: 65_535, integer: true });

function parseNumber(
  option: string,
  value: string | undefined,
  fallback: number,
  { min, max, integer = false }: { min: number; max: number; integer?: boolean },
): number {
  if (value === undefined) return fallback;
  const number = value.trim() === "" ? Number.NaN : Number(value);
  if (number >= min && number <= max && (!integer || Number.isInteger(number))) return number;
  const kind = integer ? "an integer" : "a number";
  throw new Error(`${option} must be ${kind} between ${min} and ${max}, not "${value}".`);
}
