import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Credentials, createCredentials } from "./credentials.ts";
import { createDatabase, type Database } from "./database.ts";
import { parseServiceEnvironment, type ServiceEnvironment } from "./environment.ts";
import { createReEncrypt } from "./kms.ts";
import { keyMatcher } from "./multi-region-key.ts";
import { OperatorError } from "./operator-error.ts";
import { countByKey, createPace, type RewrapResult, rewrapRecords } from "./rewrap-records.ts";
import { createLogger, errorFields, type Logger, metricFields } from "./telemetry.ts";

export interface RewrapOptions {
  /** Only counts the records by KMS key. */
  readonly dryRun: boolean;
  /** Maximum number of records in a second. */
  readonly rate: number;
}

const MAX_RATE = 1_000;
const DEFAULT_RATE = 50;

/** Milliseconds. Counting the records of a large table takes minutes. */
const STATEMENT_TIMEOUT = 3_600_000;

/** @throws OperatorError on an unknown option or an invalid rate */
export function parseRewrapOptions(args: readonly string[]): RewrapOptions {
  const options = {
    "dry-run": { type: "boolean", default: false },
    rate: { type: "string", default: String(DEFAULT_RATE) },
  } as const;
  const { values, tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    const name = token.kind === "option" ? token.rawName : undefined;
    if (name === "--dry-run" || name === "--rate") continue;
    const received = name ?? (token.kind === "positional" ? token.value : "--");
    throw new OperatorError(
      `Unknown argument ${JSON.stringify(received)}; allowed: --dry-run, --rate <records per second>.`,
    );
  }
  const rate = Number(values.rate);
  if (!Number.isInteger(rate) || rate < 1 || rate > MAX_RATE) {
    throw new OperatorError(
      `--rate must be an integer between 1 and ${MAX_RATE}; received ${JSON.stringify(values.rate)}. The default is ${DEFAULT_RATE}.`,
    );
  }
  return { dryRun: values["dry-run"] === true, rate };
}

interface RunOptions extends RewrapOptions {
  readonly credentials: Credentials;
  /** Aborts when the worker must stop. */
  readonly signal: AbortSignal;
}

/**
 * Moves the records under the previous KMS keys to the current one, and logs the number of records under each
 * key before and after.
 * @returns whether no record remains that could be moved
 */
async function run(
  database: Database,
  environment: ServiceEnvironment,
  { dryRun, rate, credentials, signal }: RunOptions,
  logger: Logger,
): Promise<boolean> {
  const { KMS_KEY_ARN: keyArn, KMS_PREVIOUS_KEY_ARNS: previousKeyArns } = environment;
  const configuredFor = keyMatcher([keyArn, ...previousKeyArns]);
  const roleOf = (arn: string) => {
    const configured = configuredFor(arn);
    if (configured === undefined) return "unknown";
    return configured === keyArn ? "current" : "previous";
  };
  const logCounts = async () => {
    for (const count of await countByKey(database)) {
      logger.info({ ...count, kmsKey: roleOf(count.kmsKeyArn) }, "records by KMS key");
    }
  };
  await logCounts();
  if (dryRun) return true;
  if (previousKeyArns.length === 0) {
    throw new OperatorError(
      "KMS_PREVIOUS_KEY_ARNS is empty, so there is no KMS key to move records from.",
    );
  }
  let reported: RewrapResult = { rewrapped: 0, skipped: 0, failed: 0 };
  const result = await rewrapRecords({
    database,
    reEncrypt: createReEncrypt({ keyArn, attemptTimeout: environment.KMS_TIMEOUT, credentials }),
    keyArn,
    previousKeyArns,
    pace: createPace(rate, { now: () => performance.now(), sleep: async (ms) => await delay(ms) }),
    signal,
    onProgress: (progress) => {
      const metrics = {
        RewrappedRecords: progress.rewrapped - reported.rewrapped,
        RewrapFailures: progress.failed - reported.failed,
      };
      reported = progress;
      const { METRICS_NAMESPACE } = environment;
      const fields = metricFields(METRICS_NAMESPACE, metrics, Date.now(), { service: "rewrap" });
      logger.info({ ...progress, ...fields }, "progress");
    },
    onFailure: (record, { reason, requestId }) =>
      logger.error({ record, reason, kmsRequestId: requestId }, "KMS refused to re-encrypt"),
  });
  await logCounts();
  logger.info(result, signal.aborted ? "stopped; run it again to continue" : "finished");
  return !signal.aborted && result.failed === 0;
}

async function main(logger: Logger): Promise<void> {
  const options = parseRewrapOptions(process.argv.slice(2));
  const environment = parseServiceEnvironment(process.env);
  logger.level = environment.LOG_LEVEL;
  const controller = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => controller.abort());
  const credentials = createCredentials({
    onError: (error) => logger.error(errorFields(error), "no credentials could be loaded"),
  });
  const database = createDatabase({
    access: environment.database,
    poolSize: 8,
    connectTimeout: 10_000,
    statementTimeout: STATEMENT_TIMEOUT,
    credentials,
  });
  try {
    const { signal } = controller;
    const complete = await run(database, environment, { ...options, credentials, signal }, logger);
    if (!complete) process.exitCode = 1;
  } finally {
    await database.close(5_000);
  }
}

if (import.meta.main) {
  const logger = createLogger({ level: "info" });
  try {
    await main(logger);
  } catch (error) {
    logger.fatal(errorFields(error), "rewrapping failed; run it again to continue");
    process.exitCode = 1;
  }
}
