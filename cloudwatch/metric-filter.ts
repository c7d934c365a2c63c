/** A metric filter of a log group, as in PutMetricFilter. */
export interface MetricFilter {
  readonly name: string;
  readonly logGroupName: string;
  readonly pattern: string;
  readonly transformation: MetricTransformation;
}

export interface MetricTransformation {
  readonly metricName: string;
  readonly metricNamespace: string;
  /** A number, `$.path` into a JSON event, or `$name` of a space-delimited field. */
  readonly metricValue: string;
  readonly defaultValue?: number;
  readonly unit?: string;
  /** Dimension name → `$.path` or `$name`. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

export interface LogEvent {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
}
