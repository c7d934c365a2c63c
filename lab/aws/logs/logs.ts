import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { readEmbeddedMetrics } from "../../../cloudwatch/embedded-metrics.ts";
import { type MetricDatum, statisticSet } from "../../../cloudwatch/metric.ts";
import type { MetricFilter } from "../../../cloudwatch/metric-filter.ts";
import { compileMetricFilters, type LogEvent } from "../../../cloudwatch/metric-filter.ts";
import { extractValues, matches, parsePattern } from "../../../cloudwatch/pattern/index.ts";
import type { DeployedLogGroup } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import type { Metrics } from "../cloudwatch/metrics/metrics.ts";
import { flag, integer, list, number, readInput, text } from "../shared/input.ts";
import type { AwsStructure, Operations } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import { BATCH_EVENTS, checkBatch, sortOut } from "./batch.ts";
import { createLogStore, type LogGroup, type LogsEntry, size } from "./store.ts";

export interface Logs {
  readonly operations: Operations;
  /**
   * Takes in events as an AWS service does that writes to its own log group: the stream is made when it
   * is new. Metric filters and embedded metrics publish before this returns.
   * @throws Error when the deployment has no such log group
   */
  readonly ingest: (
    logGroupName: string,
    logStreamName: string,
    events: readonly LogEvent[],
  ) => void;
  /** Makes a stream unless it exists, so that a client may write to it. */
  readonly ensureStream: (logGroupName: string, logStreamName: string) => void;
  /** What the groups hold, by name; events in order of time. */
  readonly groups: () => readonly LogGroup[];
}

export const notModelled: readonly string[] = [
  "A log group keeps its newest 20,000 events and 64 MiB; AWS keeps all that its retention allows.",
  "Log groups, metric filters and retention come from the stacks alone; the API cannot change them.",
  "Log group encryption is named in DescribeLogGroups but not carried out; Insights queries, subscription filters, transformers, data protection and Live Tail are not there.",
];

const RESPONSE_BYTES = 1_048_576;

const CODE = "InvalidParameterException";

const GroupName = text({ min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ });
const GroupIdentifier = text({ min: 1, max: 2048, pattern: /^[\w#+=/:,.@-]*$/ });
const StreamName = text({ min: 1, max: 512, pattern: /^[^:*]*$/ });
const Pattern = text({ max: 1024 });
const Token = text({ min: 1 });
const DescribeLimit = integer({ min: 1, max: 50 }).default(50);

const Inputs = {
  TestMetricFilter: z.object({
    filterPattern: Pattern,
    logEventMessages: list(text({ min: 1 }), { min: 1, max: 50 }),
  }),
  DescribeLogGroups: z.object({
    logGroupNamePrefix: GroupName.optional(),
    logGroupNamePattern: text({ max: 512 }).optional(),
    nextToken: Token.optional(),
    limit: DescribeLimit,
  }),
  DescribeMetricFilters: z.object({
    logGroupName: GroupName.optional(),
    filterNamePrefix: text({ min: 1, max: 512 }).optional(),
    metricName: text({ max: 255 }).optional(),
    metricNamespace: text({ max: 255 }).optional(),
    nextToken: Token.optional(),
    limit: DescribeLimit,
  }),
  DescribeLogStreams: z.object({
    logGroupName: GroupName.optional(),
    logGroupIdentifier: GroupIdentifier.optional(),
    logStreamNamePrefix: StreamName.optional(),
    orderBy: z.enum(["LogStreamName", "LastEventTime"]).default("LogStreamName"),
    descending: flag().default(false),
    nextToken: Token.optional(),
    limit: DescribeLimit,
  }),
  CreateLogStream: z.object({ logGroupName: GroupName, logStreamName: StreamName }),
  PutLogEvents: z.object({
    logGroupName: GroupName,
    logStreamName: StreamName,
    logEvents: list(z.object({ timestamp: integer({ min: 0 }), message: text({ min: 1 }) }), {
      min: 1,
      max: BATCH_EVENTS,
    }),
  }),
  FilterLogEvents: z.object({
    logGroupName: GroupName.optional(),
    logGroupIdentifier: GroupIdentifier.optional(),
    logStreamNames: list(StreamName, { min: 1, max: 100 }).optional(),
    logStreamNamePrefix: StreamName.optional(),
    startTime: number().optional(),
    endTime: number().optional(),
    filterPattern: Pattern.default(""),
    nextToken: Token.optional(),
    limit: integer({ min: 1, max: 10_000 }).default(10_000),
  }),
};

/**
 * The lab's CloudWatch Logs: the log groups and metric filters of the deployment.
 * @throws Error naming the metric filter, when AWS would refuse one of them
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
 */
export function createLogs({
  clock,
  region,
  accountId,
  logGroups,
  metricFilters,
  metrics,
  journal,
}: {
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  readonly logGroups: readonly DeployedLogGroup[];
  readonly metricFilters: readonly MetricFilter[];
  readonly metrics: Metrics;
  readonly journal: Journal<LogsEntry>;
}): Logs {
  const filters = compileMetricFilters(metricFilters, logGroups);
  const store = createLogStore({ clock, logGroups, journal });

  function groupNamed(name: string): LogGroup {
    const group = store.groups.get(name);
    if (group === undefined) throw notFound("group");
    return group;
  }

  function groupOf(input: {
    readonly logGroupName?: string | undefined;
    readonly logGroupIdentifier?: string | undefined;
  }): LogGroup {
    const { logGroupName, logGroupIdentifier } = input;
    if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
      throw new AwsError(
        "ValidationException",
        "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
      );
    }
    const identifier = logGroupName ?? logGroupIdentifier;
    if (identifier === undefined) {
      throw invalid("Either logGroupName or logGroupIdentifier must be specified.");
    }
    const prefix = `:${region}:${accountId}:log-group:`;
    const name = identifier.startsWith("arn:")
      ? identifier.slice(identifier.indexOf(prefix) + prefix.length)
      : identifier;
    return groupNamed(name);
  }

  function take(group: LogGroup, logStreamName: string, events: readonly LogEvent[]): void {
    const { name } = group.deployed;
    store.append(name, logStreamName, events);
    metrics.put(events.flatMap((event) => published(name, event)));
  }

  function published(logGroupName: string, event: LogEvent): MetricDatum[] {
    const data = (filters.get(logGroupName) ?? []).flatMap(({ publish }) => publish(event) ?? []);
    const embedded = readEmbeddedMetrics(event.message);
    if (embedded === undefined) return data;
    if ("data" in embedded) return [...data, ...embedded.data];
    // AWS counts the documents that it cannot use in the same way.
    return [...data, validationError(logGroupName, event.timestamp)];
  }

  function ensureStream(logGroupName: string, logStreamName: string): LogGroup {
    const group = store.groups.get(logGroupName);
    if (group === undefined) {
      throw new Error(
        `The deployment has no log group ${logGroupName}; it has ${[...store.groups.keys()].join(", ") || "none"}.`,
      );
    }
    if (!group.streams.has(logStreamName)) store.createStream(logGroupName, logStreamName);
    return group;
  }

  const operations: Operations = {
    TestMetricFilter: (input) => {
      const { filterPattern, logEventMessages } = readInput(Inputs.TestMetricFilter, input, CODE);
      const pattern = parsePattern(filterPattern);
      return {
        matches: logEventMessages.flatMap((eventMessage, index) =>
          matches(pattern, eventMessage)
            ? [
                {
                  eventNumber: index + 1,
                  eventMessage,
                  extractedValues: extractValues(pattern, eventMessage),
                },
              ]
            : [],
        ),
      };
    },

    DescribeLogGroups: (input) => {
      const request = readInput(Inputs.DescribeLogGroups, input, CODE);
      const { logGroupNamePrefix: prefix = "", logGroupNamePattern: part = "" } = request;
      if (prefix !== "" && part !== "") {
        throw invalid(
          "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        );
      }
      const wanted = [...store.groups.values()].filter(
        ({ deployed: { name } }) => name.startsWith(prefix) && name.includes(part),
      );
      const { items, nextToken } = page(wanted, {
        limit: request.limit,
        token: request.nextToken,
        keyOf: ({ deployed }) => deployed.name,
        invalidToken: invalidToken(),
      });
      return {
        logGroups: items.map((group) =>
          describeGroup(group, filters.get(group.deployed.name)?.length ?? 0),
        ),
        nextToken,
      };
    },

    DescribeMetricFilters: (input) => {
      const request = readInput(Inputs.DescribeMetricFilters, input, CODE);
      const { logGroupName, metricName, metricNamespace } = request;
      if ((metricName === undefined) !== (metricNamespace === undefined)) {
        throw invalid("metricName and metricNamespace must be specified together.");
      }
      if (logGroupName !== undefined) groupNamed(logGroupName);
      // AWS heeds the prefix only beside a log group.
      const prefix = logGroupName === undefined ? "" : (request.filterNamePrefix ?? "");
      const wanted = metricFilters
        .filter(
          (filter) =>
            (logGroupName === undefined || filter.logGroupName === logGroupName) &&
            filter.name.startsWith(prefix) &&
            (metricName === undefined ||
              (filter.transformation.metricName === metricName &&
                filter.transformation.metricNamespace === metricNamespace)),
        )
        .toSorted((a, b) => (filterKey(a) < filterKey(b) ? -1 : 1));
      const { items, nextToken } = page(wanted, {
        limit: request.limit,
        token: request.nextToken,
        keyOf: filterKey,
        invalidToken: invalidToken(),
      });
      return {
        metricFilters: items.map((filter) =>
          describeFilter(filter, groupNamed(filter.logGroupName).createdAt),
        ),
        nextToken,
      };
    },

    DescribeLogStreams: (input) => {
      const request = readInput(Inputs.DescribeLogStreams, input, CODE);
      const group = groupOf(request);
      const { logStreamNamePrefix: prefix = "", orderBy, descending } = request;
      if (orderBy === "LastEventTime" && prefix !== "") {
        throw invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
      }
      const wanted = [...group.streams.values()]
        .filter(({ name }) => name.startsWith(prefix))
        .sort((a, b) => {
          const byTime =
            orderBy === "LastEventTime" ? (a.lastEventAt ?? 0) - (b.lastEventAt ?? 0) : 0;
          return byTime || (a.name < b.name ? -1 : 1);
        });
      const { items, nextToken } = page(descending ? wanted.toReversed() : wanted, {
        limit: request.limit,
        token: request.nextToken,
        keyOf: ({ name }) => name,
        invalidToken: invalidToken(),
      });
      return {
        logStreams: items.map((stream) => ({
          arn: `${groupArn(group)}:log-stream:${stream.name}`,
          logStreamName: stream.name,
          creationTime: stream.createdAt,
          firstEventTimestamp: stream.firstEventAt,
          lastEventTimestamp: stream.lastEventAt,
          lastIngestionTime: stream.lastIngestionAt,
          // AWS has not counted the bytes of a stream since 2019.
          storedBytes: 0,
        })),
        nextToken,
      };
    },

    CreateLogStream: (input) => {
      const request = readInput(Inputs.CreateLogStream, input, CODE);
      if (groupNamed(request.logGroupName).streams.has(request.logStreamName)) {
        throw new AwsError(
          "ResourceAlreadyExistsException",
          "The specified log stream already exists",
        );
      }
      store.createStream(request.logGroupName, request.logStreamName);
      return {};
    },

    PutLogEvents: (input) => {
      const { logGroupName, logStreamName, logEvents } = readInput(
        Inputs.PutLogEvents,
        input,
        CODE,
      );
      const group = groupNamed(logGroupName);
      if (!group.streams.has(logStreamName)) throw notFound("stream");
      checkBatch(logEvents);
      const { accepted, rejectedLogEventsInfo } = sortOut(
        logEvents,
        clock.now(),
        group.deployed.retentionInDays,
      );
      if (accepted.length > 0) take(group, logStreamName, accepted);
      return {
        // Nobody has had to send it back since 2023; AWS still answers one.
        nextSequenceToken: String(group.events.length).padStart(56, "0"),
        rejectedLogEventsInfo,
      };
    },

    FilterLogEvents: (input) => {
      const request = readInput(Inputs.FilterLogEvents, input, CODE);
      const group = groupOf(request);
      const { logStreamNames: names, logStreamNamePrefix: prefix } = request;
      if (names !== undefined && prefix !== undefined) {
        throw invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
      }
      const missing = names?.find((name) => !group.streams.has(name));
      if (missing !== undefined) throw notFound("stream");
      const pattern = parsePattern(request.filterPattern);
      const { startTime = Number.NEGATIVE_INFINITY, endTime = Number.POSITIVE_INFINITY } = request;
      const wanted = group.events.filter(
        ({ timestamp, logStreamName, message }) =>
          timestamp >= startTime &&
          timestamp <= endTime &&
          (names === undefined || names.includes(logStreamName)) &&
          logStreamName.startsWith(prefix ?? "") &&
          matches(pattern, message),
      );
      const token = request.nextToken;
      const keyOf = ({ eventId }: (typeof wanted)[number]) => eventId;
      const paging = { token, keyOf, invalidToken: invalidToken() };
      const first = page(wanted, { ...paging, limit: request.limit });
      let bytes = 0;
      const fitting = first.items.findIndex((event) => {
        bytes += size(event);
        return bytes > RESPONSE_BYTES;
      });
      const { items, nextToken } =
        fitting < 0 ? first : page(wanted, { ...paging, limit: Math.max(1, fitting) });
      return {
        events: items.map(({ eventId, logStreamName, timestamp, message, ingestionTime }) => ({
          eventId,
          logStreamName,
          timestamp,
          message,
          ingestionTime,
        })),
        // AWS has answered an empty list since 2020.
        searchedLogStreams: [],
        nextToken,
      };
    },
  };

  return {
    operations,
    ingest: (logGroupName, logStreamName, events) => {
      const group = ensureStream(logGroupName, logStreamName);
      if (events.length > 0) take(group, logStreamName, events);
    },
    ensureStream: (logGroupName, logStreamName) => void ensureStream(logGroupName, logStreamName),
    groups: () => [...store.groups.values()],
  };
}

function validationError(logGroupName: string, timestamp: number): MetricDatum {
  return {
    namespace: "AWS/Logs",
    name: "EMFValidationErrors",
    dimensions: { LogGroupName: logGroupName },
    timestamp,
    unit: "None",
    highResolution: false,
    ...statisticSet([1]),
  };
}

const groupArn = ({ deployed }: LogGroup) => deployed.arn.replace(/:\*$/, "");

const filterKey = ({ name, logGroupName }: MetricFilter) => `${name}\n${logGroupName}`;

function describeGroup(group: LogGroup, metricFilterCount: number): AwsStructure {
  const { name, retentionInDays, kmsKeyArn } = group.deployed;
  return {
    logGroupName: name,
    creationTime: group.createdAt,
    retentionInDays,
    metricFilterCount,
    arn: `${groupArn(group)}:*`,
    logGroupArn: groupArn(group),
    storedBytes: group.storedBytes,
    kmsKeyId: kmsKeyArn,
    logGroupClass: "STANDARD",
    deletionProtectionEnabled: false,
  };
}

function describeFilter(filter: MetricFilter, creationTime: number): AwsStructure {
  const { metricName, metricNamespace, metricValue, defaultValue, unit, dimensions } =
    filter.transformation;
  return {
    filterName: filter.name,
    filterPattern: filter.pattern,
    metricTransformations: [
      { metricName, metricNamespace, metricValue, defaultValue, unit, dimensions },
    ],
    creationTime,
    logGroupName: filter.logGroupName,
    applyOnTransformedLogs: false,
  };
}

const invalid = (message: string) => new AwsError(CODE, message);
const invalidToken = () => invalid("The specified nextToken is invalid.");

function notFound(what: "group" | "stream"): AwsError {
  return new AwsError("ResourceNotFoundException", `The specified log ${what} does not exist.`);
}
