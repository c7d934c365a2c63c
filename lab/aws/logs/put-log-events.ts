import { z } from "zod";
import type { LogEvent } from "../../../cloudwatch/metric-filter.ts";
import { integer, list, text } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import { GroupName, invalid, notFound, readRequest, requireGroup, StreamName } from "./request.ts";
import { type LogStore, sizeOf } from "./store.ts";

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

/** Limits of PutLogEvents: the age of an event, its lead over the clock, and the span of a batch. */
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

/**
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

/** @throws AwsError if PutLogEvents would reject the whole batch */
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
