import { z } from "zod";
import { matches, parsePattern } from "../../../cloudwatch/pattern/index.ts";
import { integer, list, number } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";
import {
  FilterPattern,
  GroupIdentifier,
  GroupName,
  invalid,
  invalidToken,
  NextToken,
  notFound,
  readRequest,
  requireGroupOf,
  StreamName,
} from "./request.ts";
import { type LogGroup, type LogStore, type StoredEvent, sizeOf } from "./store.ts";

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

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
export function filterLogEvents(
  input: unknown,
  store: LogStore,
  account: { readonly region: string; readonly accountId: string },
): AwsStructure {
  const request = readRequest(FilterLogEvents, input);
  const events = matchingEvents(requireGroupOf(request, store, account), request);
  const { items, nextToken } = responsePage(events, request.limit, request.nextToken);
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
function responsePage(events: readonly StoredEvent[], limit: number, token: string | undefined) {
  const pageOf = (count: number) =>
    page(events, {
      limit: count,
      token,
      keyOf: ({ eventId }) => eventId,
      invalidToken: invalidToken(),
    });
  const fullPage = pageOf(limit);
  let bytes = 0;
  const fitting = fullPage.items.findIndex((event) => {
    bytes += sizeOf(event);
    return bytes > MAX_RESPONSE_BYTES;
  });
  return fitting < 0 ? fullPage : pageOf(Math.max(1, fitting));
}
