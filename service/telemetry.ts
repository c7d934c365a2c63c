import { type DestinationStream, type Logger, pino } from "pino";
import { OperatorError } from "./operator-error.ts";

export type { Logger };

export interface LoggerSettings {
  readonly level: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/** Lines of JSON, written at once: a line that was logged is there even when the process then dies. */
export function createLogger({ level, destination }: LoggerSettings): Logger {
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination ?? pino.destination({ sync: true }),
  );
}

/** What may be logged of an error: never its message, which may repeat what a caller sent. */
export function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { error: typeof error };
  if (error instanceof OperatorError) return { error: error.message };
  return {
    error: error.name,
    ...("code" in error && typeof error.code === "string" && { code: error.code }),
    ...("reason" in error && typeof error.reason === "string" && { reason: error.reason }),
    stack: error.stack?.split("\n").filter((line) => /^\s+at /.test(line)),
  };
}

interface Metric {
  readonly unit: "Count" | "Milliseconds";
  /** Seconds: 1 where an alarm must not wait for the minute to end. */
  readonly resolution: 1 | 60;
}

/** All the service's metrics. */
const metrics = {
  /** Requests answered, health checks aside. */
  Requests: { unit: "Count", resolution: 60 },
  /** Time to the answer. */
  Latency: { unit: "Milliseconds", resolution: 60 },
  /** Answers of 500 and above. */
  ServerErrors: { unit: "Count", resolution: 60 },
  /** Keys tried, to decrypt or to forget, that KMS gave a verdict on. */
  Decrypts: { unit: "Count", resolution: 1 },
  /** Those of them that were refused. */
  DecryptDenied: { unit: "Count", resolution: 1 },
  /** Those of them refused because the stored record was changed. */
  TamperedRecords: { unit: "Count", resolution: 1 },
} as const satisfies Record<string, Metric>;

export type MetricValues = Readonly<Partial<Record<keyof typeof metrics, number>>>;

/**
 * Metrics as members of a log line, in the embedded metric format: CloudWatch Logs makes metrics of
 * them, with the one dimension Service.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 * @param timestamp milliseconds since 1970
 */
export function metricFields(
  namespace: string,
  values: MetricValues,
  timestamp: number,
): Readonly<Record<string, unknown>> {
  const names = Object.keys(values) as (keyof typeof metrics)[];
  return {
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [["Service"]],
          Metrics: names.map((name) => ({
            Name: name,
            Unit: metrics[name].unit,
            StorageResolution: metrics[name].resolution,
          })),
        },
      ],
    },
    Service: "api",
    ...values,
  };
}
