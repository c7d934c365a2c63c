import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

export interface ReplayOptions {
  readonly paths: readonly string[];
  /** Patterns of one's own, instead of the detections. */
  readonly patterns: readonly string[];
  readonly roleArn?: string;
  readonly keyArn?: string;
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number;
  /** Milliseconds since the epoch, exclusive. */
  readonly until?: number;
  /** By detection. */
  readonly thresholds: ReadonlyMap<string, number>;
  readonly sweep: boolean;
  readonly json: boolean;
  /** The file for the report. */
  readonly html?: string;
  readonly failOnAlarm: boolean;
  readonly workers: number;
  /** Print SQL for Amazon Athena and read nothing. */
  readonly athena: boolean;
  readonly help: boolean;
}

const MOST_WORKERS = 64;

const OF_A_READING = ["sweep", "json", "html", "fail-on-alarm", "workers"] as const;

export const USAGE = `npm run replay -- [options] PATH…

  PATH                 CloudTrail files (.json, .json.gz), folders with such files, or globs
  --role-arn ARN       the IAM role that the detections watch, in place of the stacks'
  --key-arn ARN        the KMS key that the detections watch, in place of the stacks'
  --pattern '{ … }'    replay this filter pattern instead of the detections; may be repeated
  --since TIME         from this time on, as 2026-06-01 or 2026-06-01T12:30Z (UTC)
  --until TIME         before this time
  --threshold ID=N     evaluate the alarm of a detection with this threshold; may be repeated
  --sweep              what other thresholds would have done, alarms a day
  --json               everything as JSON on standard output (npm run --silent replay -- …)
  --html FILE          everything as a page with charts
  --fail-on-alarm      exit with 1 when an alarm fired
  --workers N          threads that read, 1 to ${MOST_WORKERS} (one a core)
  --athena             print SQL for Amazon Athena that asks the same of a bucket; no PATH, or
                       s3://bucket/AWSLogs/account for where the files are
  --help               this text

Exit code: 0, alarms or none; 1, an alarm fired and --fail-on-alarm was given; 2, something could not
be read or was asked for wrongly.`;

/** @throws Error that names the option, the value received and what is allowed */
export function readOptions(args: readonly string[]): ReplayOptions {
  const { values, positionals } = parse(args);
  const help = values.help ?? false;
  const athena = values.athena ?? false;
  if (positionals.length === 0 && !help && !athena) {
    throw new Error(`There is nothing to replay: give a PATH.\n\n${USAGE}`);
  }
  const since = time("--since", values.since);
  const until = time("--until", values.until);
  if (since !== undefined && until !== undefined && since >= until) {
    throw new Error(
      `--since ${values.since} is not before --until ${values.until}: no event can be between them.`,
    );
  }
  const roleArn = values["role-arn"];
  if (roleArn !== undefined) checkRoleArn(roleArn);
  const keyArn = values["key-arn"];
  if (keyArn !== undefined) checkKeyArn(keyArn);
  if (athena) {
    checkLocation(positionals);
    for (const name of OF_A_READING) {
      if (values[name] === undefined) continue;
      throw new Error(`--athena prints SQL and reads nothing, so --${name} cannot be beside it.`);
    }
  }
  return {
    paths: positionals,
    patterns: values.pattern ?? [],
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(keyArn === undefined ? {} : { keyArn }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    thresholds: new Map((values.threshold ?? []).map(threshold)),
    sweep: values.sweep ?? false,
    json: values.json ?? false,
    ...(values.html === undefined ? {} : { html: values.html }),
    failOnAlarm: values["fail-on-alarm"] ?? false,
    workers: workers(values.workers),
    athena,
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        pattern: { type: "string", multiple: true },
        "role-arn": { type: "string" },
        "key-arn": { type: "string" },
        since: { type: "string" },
        until: { type: "string" },
        threshold: { type: "string", multiple: true },
        sweep: { type: "boolean" },
        json: { type: "boolean" },
        html: { type: "string" },
        "fail-on-alarm": { type: "boolean" },
        workers: { type: "string" },
        athena: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

function time(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const isLocal = text.includes("T") && !/(Z|[+-]\d\d:\d\d)$/.test(text);
  const value =
    TIME.test(text) && isDay(text.slice(0, 10))
      ? Date.parse(isLocal ? `${text}Z` : text)
      : Number.NaN;
  if (Number.isNaN(value)) {
    throw new Error(
      `${name} is "${text}". It takes a day such as 2026-06-01, or a time such as 2026-06-01T12:30Z; ` +
        "without a zone it is UTC.",
    );
  }
  return value;
}

/** `Date.parse` takes 2026-02-30 for the second of March. */
function isDay(day: string): boolean {
  const time = Date.parse(day);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

function threshold(text: string): readonly [string, number] {
  const [, id = "", number = ""] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const value = number.trim() === "" ? Number.NaN : Number(number);
  if (!Number.isFinite(value) || value <= 0) {
    throw new Error(
      `--threshold is "${text}". It takes a detection's id and a number above 0, as in --threshold kms-errors=3.`,
    );
  }
  return [id, value];
}

function workers(text: string | undefined): number {
  if (text === undefined) return Math.min(availableParallelism(), MOST_WORKERS);
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= MOST_WORKERS) return value;
  throw new Error(
    `--workers is "${text}". It takes a whole number from 1 to ${MOST_WORKERS}; without it there is one a core.`,
  );
}

const LOCATION =
  /^s3:\/\/[a-z0-9][a-z0-9.-]+\/(?:[\w!.*()=-]+\/)*AWSLogs\/(?:o-[a-z0-9]+\/)?\d{12}\/?$/;

function checkLocation(paths: readonly string[]): void {
  const [location, ...more] = paths;
  if (location === undefined || (LOCATION.test(location) && more.length === 0)) return;
  throw new Error(
    `--athena was given ${paths.map((path) => `"${path}"`).join(" and ")}. It takes no PATH, or the place ` +
      "of an account's files, as in s3://bucket/AWSLogs/111122223333.",
  );
}

const ROLE_ARN = /^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const SESSION_ARN = /^(arn:aws[\w-]*):sts::(\d{12}):assumed-role\/([^/]+)\//;

function checkRoleArn(text: string): void {
  if (ROLE_ARN.test(text)) return;
  const [, partition, account, role] = SESSION_ARN.exec(text) ?? [];
  const meant =
    role === undefined
      ? "It takes an IAM role's ARN, as in arn:aws:iam::111122223333:role/cipherwatch-dev-service."
      : `That is a session of a role; the role itself is ${partition}:iam::${account}:role/${role}, with its path if it has one.`;
  throw new Error(`--role-arn is "${text}". ${meant}`);
}

const KEY_ARN = /^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/;

function checkKeyArn(text: string): void {
  if (KEY_ARN.test(text)) return;
  const isAlias = text.includes("alias/");
  throw new Error(
    `--key-arn is "${text}". ${isAlias ? "Records name keys, not their aliases. " : ""}It takes a KMS key's ARN, as in ` +
      "arn:aws:kms:ap-southeast-2:111122223333:key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63.",
  );
}
