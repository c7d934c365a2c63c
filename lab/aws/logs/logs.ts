import { compileMetricFilters } from "../../../cloudwatch/compile-metric-filter.ts";
import { parseEmbeddedMetrics } from "../../../cloudwatch/embedded-metrics.ts";
import { type MetricDatum, statisticSet } from "../../../cloudwatch/metric.ts";
import type { LogEvent, MetricFilter } from "../../../cloudwatch/metric-filter.ts";
import type { DeployedLogGroup, SavedQuery } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import type { Metrics } from "../cloudwatch/metrics/metrics.ts";
import type { Operations } from "../shared/operation.ts";
import { queryOperations } from "./insights/query-operations.ts";
import { filterLogEvents, putLogEvents } from "./log-events.ts";
import { createLogStream, describeLogGroups, describeLogStreams } from "./log-groups.ts";
import { describeMetricFilters, testMetricFilter } from "./metric-filters.ts";
import {
  createLogStore,
  type LogGroup,
  type LogsEntry,
  notModelled as notModelledOfStore,
} from "./store.ts";

export interface LogsOptions {
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  readonly logGroups: readonly DeployedLogGroup[];
  readonly metricFilters: readonly MetricFilter[];
  /** Queries that DescribeQueryDefinitions lists. */
  readonly savedQueries?: readonly SavedQuery[];
  readonly metrics: Metrics;
  readonly journal: Journal<LogsEntry>;
}

export interface Logs {
  readonly operations: Operations;
  /**
   * Stores events like an AWS service that writes to its log group, and creates the log stream if it does
   * not exist. Publishes the metrics of metric filters and of embedded metrics before it returns.
   * @throws Error if the deployment has no such log group
   */
  readonly ingest: (
    logGroupName: string,
    logStreamName: string,
    events: readonly LogEvent[],
  ) => void;
  /** Creates a log stream unless it exists. */
  readonly ensureStream: (logGroupName: string, logStreamName: string) => void;
  /** Returns the log groups, sorted by name. */
  readonly groups: () => readonly LogGroup[];
}

export const notModelled: readonly string[] = [
  ...notModelledOfStore,
  "Log groups, metric filters and retention come from the stacks. Calls that change them are recorded and change nothing.",
  "DescribeLogGroups returns a log group's KMS key, but the lab does not encrypt log events.",
  "Insights queries support the commands fields, display, filter, parse with wildcards, stats, sort and limit, and the functions that the saved queries use.",
  "CloudWatch Logs has no subscription filters, transformers, data protection or Live Tail.",
];

/**
 * Emulates CloudWatch Logs with the log groups and metric filters of the deployment.
 * @throws Error that names the metric filter, if AWS would reject one
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
 */
export function createLogs(options: LogsOptions): Logs {
  const { clock, metricFilters, metrics } = options;
  const filters = compileMetricFilters(metricFilters, options.logGroups);
  const store = createLogStore(options);
  const filtersOf = (logGroupName: string) => filters.get(logGroupName) ?? [];

  function ingest(logGroupName: string, logStreamName: string, events: readonly LogEvent[]): void {
    if (events.length === 0) return;
    store.append(logGroupName, logStreamName, events);
    metrics.put([
      ...events.flatMap((event) => [
        ...filtersOf(logGroupName).flatMap(({ publish }) => publish(event) ?? []),
        ...embeddedMetrics(logGroupName, event),
      ]),
      logGroupMetric("IncomingLogEvents", logGroupName, clock.now(), events.length),
    ]);
  }

  function ensureStream(logGroupName: string, logStreamName: string): void {
    const group = store.groups.get(logGroupName);
    if (group === undefined) {
      const names = [...store.groups.keys()].join(", ") || "none";
      throw new Error(
        `The deployment has no log group ${logGroupName}. Its log groups are: ${names}.`,
      );
    }
    if (!group.streams.has(logStreamName)) store.createStream(logGroupName, logStreamName);
  }

  return {
    operations: {
      TestMetricFilter: testMetricFilter,
      DescribeLogGroups: (input) =>
        describeLogGroups(input, store, (name) => filtersOf(name).length),
      DescribeMetricFilters: (input) => describeMetricFilters(input, metricFilters, store),
      DescribeLogStreams: (input) => describeLogStreams(input, store, options),
      CreateLogStream: (input) => createLogStream(input, store),
      PutLogEvents: (input) => putLogEvents(input, store, clock.now(), ingest),
      FilterLogEvents: (input) => filterLogEvents(input, store, options),
      ...queryOperations({
        store,
        account: options,
        savedQueries: options.savedQueries ?? [],
        now: clock.now,
      }),
    },
    ingest: (logGroupName, logStreamName, events) => {
      ensureStream(logGroupName, logStreamName);
      ingest(logGroupName, logStreamName, events);
    },
    ensureStream,
    groups: () => [...store.groups.values()],
  };
}

/** Returns the metrics embedded in an event, or one EMFValidationErrors for an invalid document. */
function embeddedMetrics(logGroupName: string, event: LogEvent): readonly MetricDatum[] {
  const embedded = parseEmbeddedMetrics(event.message);
  if (embedded === undefined) return [];
  if ("data" in embedded) return embedded.data;
  return [logGroupMetric("EMFValidationErrors", logGroupName, event.timestamp, 1)];
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html */
function logGroupMetric(
  name: string,
  logGroupName: string,
  timestamp: number,
  value: number,
): MetricDatum {
  return {
    namespace: "AWS/Logs",
    name,
    dimensions: { LogGroupName: logGroupName },
    timestamp,
    unit: "None",
    highResolution: false,
    ...statisticSet([value]),
  };
}
