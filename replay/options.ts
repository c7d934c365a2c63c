import { availableParallelism } from "node:os";
import { parseOptions } from "../common/parse-options.ts";
import { EXCLUSIONS_ALLOWED, validateExclusion } from "../detections/exclusions.ts";
import type { Exclusions } from "./detections/exclude.ts";
import { STANDARD_INPUT } from "./read/chunks.ts";

export interface ReplayOptions {
  readonly paths: readonly string[];
  /** Filter patterns to replay instead of the detections. */
  readonly patterns: readonly string[];
  /** Files whose filters and alarms to replay instead of the detections. */
  readonly plans: readonly string[];
  /** A file that lists KMS keys and their callers, whose detections to replay instead. */
  readonly keys?: string;
  readonly roleArn?: string;
  readonly keyArn?: string;
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number;
  /** Milliseconds since the epoch, exclusive. */
  readonly until?: number;
  /** Thresholds to evaluate instead of the deployed ones, by detection id. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Callers to exclude, by detection id. */
  readonly exclusions: Exclusions;
  readonly sweep: boolean;
  readonly json: boolean;
  /** The file to write the HTML report to. */
  readonly html?: string;
  readonly failOn: readonly FailureCondition[];
  /** Resources of the plans that --fail-on accepts although they cannot be read; each may end with `*`. */
  readonly allowUnread: readonly string[];
  readonly workers: number;
  /** Print SQL for Amazon Athena instead of reading files. */
  readonly athena: boolean;
  readonly help: boolean;
}

export const FAILURE_CONDITIONS = ["alarm", "problem"] as const;
export type FailureCondition = (typeof FAILURE_CONDITIONS)[number];

const MAX_WORKERS = 64;

/** Options that cannot be combined with --athena. */
const NOT_WITH_ATHENA = ["exclude", "sweep", "json", "html", "fail-on", "workers"] as const;

/** Returns the help text. @param command the command, without arguments */
export const usage = (command: string) => `${command} [options] PATH…

  PATH                 CloudTrail files (.json, .json.gz, .zip), folders, globs, or - for standard input
  --role-arn ARN       IAM role to monitor, instead of the role of the stacks
  --key-arn ARN        KMS key to monitor, instead of the key of the stacks
  --keys FILE          replay the detections on the KMS keys that FILE lists, each with the roles that are
                       expected to use it: [{"name": "payments", "key": "arn:…", "roles": ["arn:…"]}]
  --pattern '{ … }'    replay a filter pattern instead of the detections (repeatable)
  --plan FILE          replay the metric filters and alarms of FILE instead of the detections: the output of
                       terraform show -json for a plan or a state, terraform.tfstate, or a CloudFormation
                       template (repeatable: all files are one configuration; - for standard input)
  --since TIME         only events at or after TIME (2026-06-01 or 2026-06-01T12:30Z; default zone UTC)
  --until TIME         only events before TIME
  --threshold ID=N     override the alarm threshold of a detection (repeatable)
  --exclude ID=CALLER  test an exclusion: show what would still fire, and what would no longer be detected;
                       CALLER is the ARN of a role, user or session, which may end with *, or an AWS
                       service such as backup.amazonaws.com (repeatable)
  --sweep              show how often other thresholds would have raised alarms
  --json               print the report as JSON${command.startsWith("npm run") ? " (use npm run --silent replay -- …)" : ""}
  --html FILE          also write the report as an HTML page with charts
  --fail-on WHAT       exit with 1 for "alarm": an alarm fired (with --exclude: would still fire); for
                       "problem": an alarm of --plan never fires, may miss a record or notifies nobody;
                       for "alarm,problem": either. Exits with 2 if a resource of --plan could not be read
  --allow-unread NAME  accept that the resource NAME of --plan, as listed under "Not replayed", could not be
                       read; NAME may end with * (repeatable)
  --workers N          number of reader threads, 1 to ${MAX_WORKERS} (default: number of cores)
  --athena             print Amazon Athena SQL for the same detections instead of reading files; PATH may
                       be the location of the files, s3://bucket/AWSLogs/account
  --help               show this help

Exit codes: 0 success; 1 something that --fail-on names was found; 2 invalid arguments, or some files or records
could not be read. Also 2 with --fail-on: resources of --plan could not be read, or it has no alarms on its
filters. Also 2 with --fail-on alarm: no event was evaluated, or a detection needs --role-arn or --key-arn.`;

/**
 * @param command for the usage text in errors
 * @throws Error naming the option, the value received and the values allowed
 */
export function readOptions(args: readonly string[], command: string): ReplayOptions {
  const { values, positionals: paths } = parse(args, usage(command));
  const { since, until, "role-arn": roleArn, "key-arn": keyArn, html, keys } = values;
  const { athena = false, help = false } = values;
  if (paths.length === 0 && !help && !athena) {
    throw new Error(`PATH is missing: name at least one file or folder.\n\n${usage(command)}`);
  }
  const range = { since: parseTime("--since", since), until: parseTime("--until", until) };
  if (range.since !== undefined && range.until !== undefined && range.since >= range.until) {
    throw new Error(`--since must be before --until; received ${since} and ${until}.`);
  }
  const plans = values.plan ?? [];
  checkSource(values);
  const failOn = parseFailOn(values["fail-on"]);
  checkGate(failOn, values);
  if ([...plans, ...paths].filter((path) => path === STANDARD_INPUT).length > 1) {
    throw new Error(
      "Only one of --plan and PATH can be -, standard input. Save the other to a file.",
    );
  }
  if (roleArn !== undefined) checkRoleArn(roleArn);
  if (keyArn !== undefined) checkKeyArn(keyArn);
  if (athena) {
    checkLocation(paths);
    const conflict = NOT_WITH_ATHENA.find((name) => values[name] !== undefined);
    if (conflict !== undefined) {
      throw new Error(`--${conflict} cannot be combined with --athena, which reads no files.`);
    }
  }
  return {
    paths,
    patterns: values.pattern ?? [],
    plans,
    ...definedOnly({ keys, roleArn, keyArn, html, ...range }),
    thresholds: new Map((values.threshold ?? []).map(parseThreshold)),
    exclusions: parseExclusions(values.exclude ?? []),
    sweep: values.sweep ?? false,
    json: values.json ?? false,
    failOn,
    allowUnread: values["allow-unread"] ?? [],
    workers: parseWorkers(values.workers),
    athena,
    help,
  };
}

function parse(args: readonly string[], usageText: string) {
  return parseOptions(
    {
      args: [...args],
      allowPositionals: true,
      options: {
        pattern: { type: "string", multiple: true },
        plan: { type: "string", multiple: true },
        keys: { type: "string" },
        "role-arn": { type: "string" },
        "key-arn": { type: "string" },
        since: { type: "string" },
        until: { type: "string" },
        threshold: { type: "string", multiple: true },
        exclude: { type: "string", multiple: true },
        sweep: { type: "boolean" },
        json: { type: "boolean" },
        html: { type: "string" },
        "fail-on": { type: "string" },
        "allow-unread": { type: "string", multiple: true },
        workers: { type: "string" },
        athena: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    },
    usageText,
  );
}

type Defined<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

function definedOnly<Values extends object>(values: Values): Defined<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<Values>;
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

function parseTime(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const hasNoZone = text.includes("T") && !/(Z|[+-]\d\d:\d\d)$/.test(text);
  const value =
    TIME.test(text) && isDate(text.slice(0, 10))
      ? Date.parse(hasNoZone ? `${text}Z` : text)
      : Number.NaN;
  if (Number.isNaN(value)) {
    throw new Error(
      `${name} must be a date such as 2026-06-01 or a time such as 2026-06-01T12:30Z (default zone UTC); ` +
        `received "${text}".`,
    );
  }
  return value;
}

/** Rejects dates such as 2026-02-30, which `Date.parse` reads as March 2. */
function isDate(date: string): boolean {
  const time = Date.parse(date);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}

function parseThreshold(text: string): readonly [string, number] {
  const [, id = "", number = ""] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const value = number.trim() === "" ? Number.NaN : Number(number);
  if (!Number.isFinite(value) || value <= 0) {
    throw new Error(
      "--threshold must be a detection id and a number above 0, such as kms-errors=3; " +
        `received "${text}".`,
    );
  }
  return [id, value];
}

/** Options that change or replace the detections of the stacks. */
const NOT_WITH_KEYS = ["pattern", "role-arn", "key-arn"] as const;
const NOT_WITH_PLAN = ["keys", ...NOT_WITH_KEYS] as const;

function checkSource(values: ReturnType<typeof parse>["values"]): void {
  const findConflict = (names: typeof NOT_WITH_PLAN | typeof NOT_WITH_KEYS) =>
    names.find((name) => values[name] !== undefined);
  const withPlan = values.plan && findConflict(NOT_WITH_PLAN);
  if (withPlan !== undefined) {
    throw new Error(
      `--${withPlan} cannot be combined with --plan, whose patterns are replayed as they are.`,
    );
  }
  const withKeys = values.keys && findConflict(NOT_WITH_KEYS);
  if (withKeys !== undefined) {
    throw new Error(
      `--${withKeys} cannot be combined with --keys, whose file names the keys and their callers.`,
    );
  }
}

function parseFailOn(text: string | undefined): readonly FailureCondition[] {
  if (text === undefined) return [];
  return text.split(",").map((part) => {
    const condition = FAILURE_CONDITIONS.find((known) => known === part.trim());
    if (condition !== undefined) return condition;
    throw new Error(
      `--fail-on must be ${FAILURE_CONDITIONS.join(", ")} or both, separated by a comma; received "${text}".`,
    );
  });
}

/** Rejects gates that would check nothing, and therefore always pass. */
function checkGate(
  failOn: readonly FailureCondition[],
  { plan, "allow-unread": allowUnread }: ReturnType<typeof parse>["values"],
): void {
  if (failOn.includes("problem") && plan === undefined) {
    throw new Error(
      "--fail-on problem needs --plan, whose alarms it checks. Add --plan FILE, or use --fail-on alarm.",
    );
  }
  if (allowUnread === undefined) return;
  if (plan === undefined || failOn.length === 0) {
    throw new Error("--allow-unread needs --plan and --fail-on: without them, nothing fails.");
  }
  if (allowUnread.includes("")) {
    throw new Error(
      '--allow-unread is empty; it must be the name of a resource under "Not replayed", such as aws_cloudformation_stack.a.',
    );
  }
}

function parseExclusions(values: readonly string[]): Exclusions {
  const exclusions = new Map<string, readonly string[]>();
  for (const value of values) {
    const [, id = "", caller = ""] = /^([^=]+)=(.+)$/.exec(value) ?? [];
    const why = id === "" ? "there is no detection id before =" : validateExclusion(caller);
    if (why !== undefined) {
      throw new Error(
        "--exclude must be a detection id and a caller, such as " +
          `kms-outsider=arn:aws:iam::111122223333:role/Restore; received "${value}": ${why}. ` +
          `Callers are ${EXCLUSIONS_ALLOWED}.`,
      );
    }
    exclusions.set(id, [...(exclusions.get(id) ?? []), caller]);
  }
  return exclusions;
}

function parseWorkers(text: string | undefined): number {
  if (text === undefined) return Math.min(availableParallelism(), MAX_WORKERS);
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= MAX_WORKERS) return value;
  throw new Error(
    `--workers must be an integer between 1 and ${MAX_WORKERS}; received "${text}". ` +
      "The default is the number of cores.",
  );
}

const LOCATION =
  /^s3:\/\/[a-z0-9][a-z0-9.-]+\/(?:[\w!.*()=-]+\/)*AWSLogs\/(?:o-[a-z0-9]+\/)?\d{12}\/?$/;

function checkLocation(paths: readonly string[]): void {
  const [location, ...more] = paths;
  if (location === undefined || (LOCATION.test(location) && more.length === 0)) return;
  throw new Error(
    "With --athena, PATH must be omitted or be the location of an account's files, such as " +
      `s3://bucket/AWSLogs/111122223333; received ${paths.map((path) => `"${path}"`).join(" and ")}.`,
  );
}

const ROLE_ARN = /^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const SESSION_ARN = /^(arn:aws[\w-]*):sts::(\d{12}):assumed-role\/([^/]+)\//;

function checkRoleArn(text: string): void {
  if (ROLE_ARN.test(text)) return;
  const [, partition, account, role] = SESSION_ARN.exec(text) ?? [];
  const hint =
    role === undefined
      ? "must be the ARN of an IAM role, such as arn:aws:iam::111122223333:role/cipherwatch-dev-service"
      : "must be a role, not a session. " +
        `Use ${partition}:iam::${account}:role/${role}, with the path of the role if it has one`;
  throw new Error(`--role-arn ${hint}; received "${text}".`);
}

const KEY_ARN = /^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/;

function checkKeyArn(text: string): void {
  if (KEY_ARN.test(text)) return;
  const hint = text.includes("alias/") ? " CloudTrail records name keys, not aliases." : "";
  throw new Error(
    "--key-arn must be the ARN of a KMS key, such as " +
      `arn:aws:kms:ap-southeast-2:111122223333:key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63; received "${text}".${hint}`,
  );
}
