import { type DestinationStream, type Logger, pino } from "pino";
import { OperatorError } from "./operator-error.ts";

export type { Logger };

export interface LoggerSettings {
  readonly level: string;
  /** Standard output by default. */
  readonly destination?: DestinationStream;
}

/** Logs JSON lines, written synchronously so that they survive a crash of the process. */
export function createLogger({ level, destination }: LoggerSettings): Logger {
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination ?? createDestination(),
  );
}

/** Bytes of lines that wait for a disk with room. Further lines are dropped. */
const MAX_WAITING = 2 ** 20;

/**
 * Writes lines synchronously. Errors other than a closed pipe, which pino ignores, are ignored as well: a full disk
 * behind standard output must not end the service. The alarm on its silence notices.
 * @param fd standard output by default
 */
export function createDestination(fd = 1): DestinationStream {
  return pino.destination({ fd, sync: true, maxLength: MAX_WAITING }).on("error", () => {});
}

/** Fields of an error that are safe to log. Never its message, which may repeat caller input. */
export function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { error: typeof error };
  if (error instanceof OperatorError) return { error: error.message };
  return {
    error: error.name,
    ...("code" in error && typeof error.code === "string" && { code: error.code }),
    ...("reason" in error && typeof error.reason === "string" && { reason: error.reason }),
    // A message may have lines that look like frames.
    stack: error.stack
      ?.replace(error.message, "")
      .split("\n")
      .filter((line) => /^\s+at /.test(line)),
  };
}

interface Metric {
  readonly unit: "Count" | "Milliseconds";
  /** Seconds: 1 where an alarm must not wait for the minute to end. */
  readonly resolution: 1 | 60;
}

/** All metrics of the service. */
const metrics = {
  /** Requests answered, excluding health checks. */
  Requests: { unit: "Count", resolution: 60 },
  /** Time to the response. */
  Latency: { unit: "Milliseconds", resolution: 60 },
  /** Responses with a status of 500 or above. */
  ServerErrors: { unit: "Count", resolution: 60 },
  /** Decrypt and forget requests that KMS decided, allowed or denied. */
  Decrypts: { unit: "Count", resolution: 1 },
  /** Decrypts that were denied. */
  DecryptDenied: { unit: "Count", resolution: 1 },
  /** Decrypts denied because the stored record was tampered with. */
  TamperedRecords: { unit: "Count", resolution: 1 },
  /** Decrypts denied because the record's KMS key or format is unknown to the service. */
  UnreadableRecords: { unit: "Count", resolution: 60 },
  /** Records that the worker moved to the current KMS key. */
  RewrappedRecords: { unit: "Count", resolution: 60 },
  /** Records whose data key KMS refused to re-encrypt. */
  RewrapFailures: { unit: "Count", resolution: 60 },
  /** Records that were deleted because they had expired. */
  ExpiredRecords: { unit: "Count", resolution: 60 },
  /** Passes that could not apply the erasure ledger to the database. */
  LedgerUnapplied: { unit: "Count", resolution: 60 },
  /** Forgotten records that had come back to the database, and were deleted again. */
  ReturnedRecords: { unit: "Count", resolution: 60 },
  /** Checks that could not confirm that the trail records KMS events. */
  TrailUnconfirmed: { unit: "Count", resolution: 60 },
  /** Requests rejected because the client's quota is used up. */
  QuotaExceeded: { unit: "Count", resolution: 60 },
  /** Decrypts by a client that has used most of its decrypts of the day. */
  HighVolumeDecrypts: { unit: "Count", resolution: 60 },
} as const satisfies Record<string, Metric>;

/** Metrics that are also reported for each client. */
const CLIENT_METRICS: ReadonlySet<string> = new Set<keyof typeof metrics>([
  "Decrypts",
  "DecryptDenied",
  "QuotaExceeded",
  "HighVolumeDecrypts",
]);

export interface MetricSource {
  /** `api` by default. */
  readonly service?: "api" | "rewrap";
  /** Opaque id of the client; undefined while identity is off. */
  readonly client?: string | undefined;
}

export type MetricValues = Readonly<Partial<Record<keyof typeof metrics, number>>>;

/**
 * Formats metrics as members of a log line in the embedded metric format, from which CloudWatch Logs
 * extracts metrics with the dimension Service, and some also with the dimensions Service and Client.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 * @param timestamp milliseconds since the epoch
 */
export function metricFields(
  namespace: string,
  values: MetricValues,
  timestamp: number,
  { service = "api", client }: MetricSource = {},
): Readonly<Record<string, unknown>> {
  const names = Object.keys(values) as (keyof typeof metrics)[];
  // Zeros only cost: CloudWatch charges for each metric of a client that has data.
  const ofClient =
    client === undefined ? [] : names.filter((name) => CLIENT_METRICS.has(name) && values[name]);
  const directive = (dimensions: readonly string[], selected: typeof names) => ({
    Namespace: namespace,
    Dimensions: [dimensions],
    Metrics: selected.map((name) => ({
      Name: name,
      Unit: metrics[name].unit,
      StorageResolution: metrics[name].resolution,
    })),
  });
  return {
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [
        directive(["Service"], names),
        ...(ofClient.length > 0 ? [directive(["Service", "Client"], ofClient)] : []),
      ],
    },
    Service: service,
    ...(ofClient.length > 0 && { Client: client }),
    ...values,
  };
}
