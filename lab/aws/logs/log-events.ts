import { z } from "zod";
import type { LogEvent } from "../../../cloudwatch/metric-filter.ts";
import { matches } from "../../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../../cloudwatch/pattern/parse.ts";
import { integer, list, number, text } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import {
  FilterPattern,
  GroupIdentifier,
  GroupName,
  invalid,
  NextToken,
  notFound,
  pageOf,
  readRequest,
  requireGroup,
  requireGroupOf,
  StreamName,
} from "./request.ts";
import { type LogGroup, type LogStore, type StoredEvent, sizeOf } from "./store.ts";

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

/** Limits of PutLogEvents: the age of an event, how far it may be in the future, and the span of a batch. */
const MAX_AGE = 14 * DAY;
const MAX_LEAD = 2 * HOUR;
const MAX_BATCH_SPAN = DAY;
const MAX_BATCH_BYTES = 1_048_576;
const MAX_BATCH_EVENTS = 10_000;

const PutLogEvents = z.object({
  logGroupName: GroupName,
  logStreamName: StreamName,
  logEvents: list(z.object({ timestamp: integer({ min: 0 }), message: text({ min: 1 }) }), {
    min: 1,
    max: MAX_BATCH_EVENTS,
  }),
});

const MAX_RESPONSE_BYTES = 1_048_576;

const FilterLogEvents = z.object({
  logGroupName: GroupName.optional(),
  logGroupIdentifier: GroupIdentifier.optional(),
  logStreamNames: list(StreamName, { min: 1, max: 100 }).optional(),
  logStreamNamePrefix: StreamName.optional(),
  startTime: number().optional(),
  endTime: number().optional(),
  filterPattern: FilterPattern.default(""),
  nextToken: NextToken.optional(),
  limit: integer({ min: 1, max: 10_000 }).default(10_000),
});

/**
 * Implements PutLogEvents.
 * @param ingest stores the accepted events and publishes their metrics
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
export function putLogEvents(
  input: unknown,
  store: LogStore,
  now: number,
  ingest: (logGroupName: string, logStreamName: string, events: readonly LogEvent[]) => void,
): AwsStructure {
  const { logGroupName, logStreamName, logEvents } = readRequest(PutLogEvents, input);
  const group = requireGroup(store, logGroupName);
  if (!group.streams.has(logStreamName)) throw notFound("stream");
  validateBatch(logEvents);
  const { accepted, rejectedLogEventsInfo } = splitBatch(
    logEvents,
    now,
    group.deployed.retentionInDays,
  );
  ingest(logGroupName, logStreamName, accepted);
  return {
    // AWS has ignored sequence tokens since 2023, but still returns one.
    nextSequenceToken: String(group.events.length).padStart(56, "0"),
    rejectedLogEventsInfo,
  };
}

/** Validates a batch. @throws AwsError if PutLogEvents would reject all of it */
function validateBatch(events: readonly LogEvent[]): void {
  const first = events[0]?.timestamp ?? 0;
  let bytes = 0;
  let previous = first;
  for (const event of events) {
    if (event.timestamp < previous) {
      throw invalid("Log events in a single PutLogEvents request must be in chronological order.");
    }
    previous = event.timestamp;
    bytes += sizeOf(event);
  }
  if (bytes > MAX_BATCH_BYTES) {
    throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${MAX_BATCH_BYTES}`);
  }
  if (previous - first > MAX_BATCH_SPAN) {
    throw invalid(
      "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    );
  }
}

/** Separates the accepted events from those that are too old, past the retention or too far ahead. */
function splitBatch(
  events: readonly LogEvent[],
  now: number,
  retentionInDays: number | undefined,
): { readonly accepted: readonly LogEvent[]; readonly rejectedLogEventsInfo?: AwsStructure } {
  const tooOld = countBefore(events, now - MAX_AGE);
  const expired =
    retentionInDays === undefined ? 0 : countBefore(events, now - retentionInDays * DAY);
  const firstTooNew = events.findIndex(({ timestamp }) => timestamp > now + MAX_LEAD);
  const tooNewStart = firstTooNew < 0 ? undefined : firstTooNew;
  const accepted = events.slice(Math.max(tooOld, expired), tooNewStart);
  if (accepted.length === events.length) return { accepted };
  return {
    accepted,
    rejectedLogEventsInfo: {
      tooOldLogEventEndIndex: tooOld || undefined,
      expiredLogEventEndIndex: expired > tooOld ? expired : undefined,
      tooNewLogEventStartIndex: tooNewStart,
    },
  };
}

/** Counts the events before a time; the events are in chronological order. */
function countBefore(events: readonly LogEvent[], time: number): number {
  const index = events.findIndex(({ timestamp }) => timestamp >= time);
  return index < 0 ? events.length : index;
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
export function filterLogEvents(
  input: unknown,
  store: LogStore,
  account: { readonly region: string; readonly accountId: string },
): AwsStructure {
  const request = readRequest(FilterLogEvents, input);
  const events = matchingEvents(requireGroupOf(request, store, account), request);
  const { items, nextToken } = responsePage(events, request);
  return {
    events: items.map(({ eventId, logStreamName, timestamp, message, ingestionTime }) => ({
      eventId,
      logStreamName,
      timestamp,
      message,
      ingestionTime,
    })),
    // AWS has returned an empty list since 2020.
    searchedLogStreams: [],
    nextToken,
  };
}

function matchingEvents(
  group: LogGroup,
  request: z.infer<typeof FilterLogEvents>,
): readonly StoredEvent[] {
  const { logStreamNames: names, logStreamNamePrefix: prefix } = request;
  if (names !== undefined && prefix !== undefined) {
    throw invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
  }
  if (names?.some((name) => !group.streams.has(name))) throw notFound("stream");
  const pattern = parsePattern(request.filterPattern);
  const { startTime = Number.NEGATIVE_INFINITY, endTime = Number.POSITIVE_INFINITY } = request;
  return group.events.filter(
    ({ timestamp, logStreamName, message }) =>
      timestamp >= startTime &&
      timestamp <= endTime &&
      (names === undefined || names.includes(logStreamName)) &&
      logStreamName.startsWith(prefix ?? "") &&
      matches(pattern, message),
  );
}

/** Returns a page of at most `limit` events and 1 MiB, but at least one event. */
function responsePage(
  events: readonly StoredEvent[],
  request: { readonly limit: number; readonly nextToken?: string | undefined },
) {
  const keyOf = ({ eventId }: StoredEvent) => eventId;
  const fullPage = pageOf(events, request, keyOf);
  let bytes = 0;
  const fitting = fullPage.items.findIndex((event) => {
    bytes += sizeOf(event);
    return bytes > MAX_RESPONSE_BYTES;
  });
  if (fitting < 0) return fullPage;
  return pageOf(events, { ...request, limit: Math.max(1, fitting) }, keyOf);
}
