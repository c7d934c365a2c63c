import type { LogEvent } from "../../../cloudwatch/metric-filter.ts";
import type { DeployedLogGroup } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";

export interface StoredEvent extends LogEvent {
  readonly logStreamName: string;
  readonly ingestionTime: number;
  /** Sorts like the events: by timestamp, then by arrival. */
  readonly eventId: string;
}

export interface LogStream {
  readonly name: string;
  readonly createdAt: number;
  readonly firstEventAt: number | undefined;
  readonly lastEventAt: number | undefined;
  readonly lastIngestionAt: number | undefined;
}

export interface LogGroup {
  readonly deployed: DeployedLogGroup;
  readonly createdAt: number;
  readonly storedBytes: number;
  readonly streams: ReadonlyMap<string, LogStream>;
  /** Sorted by `eventId`. */
  readonly events: readonly StoredEvent[];
}

/** A journal entry: a new log group, a new log stream or a batch of events. */
export type LogsEntry =
  | { readonly group: string; readonly createdAt: number }
  | { readonly group: string; readonly stream: string; readonly createdAt: number }
  | EventsEntry;

interface EventsEntry {
  readonly group: string;
  readonly stream: string;
  /** The ingestion time, in epoch milliseconds. */
  readonly at: number;
  readonly events: readonly LogEvent[];
}

export interface LogStore {
  /** The log groups of the deployment, sorted by name. */
  readonly groups: ReadonlyMap<string, LogGroup>;
  readonly createStream: (group: string, stream: string) => void;
  /** Journals and stores events of an existing stream. */
  readonly append: (group: string, stream: string, events: readonly LogEvent[]) => void;
}

/** Bytes that PutLogEvents counts for each event in addition to its message in UTF-8. */
const EVENT_OVERHEAD = 26;

const DAY = 24 * 60 * 60 * 1000;
const EVENTS_PER_GROUP = 20_000;
const BYTES_PER_GROUP = 64 * 1024 * 1024;

export const notModelled: readonly string[] = [
  "A log group keeps its newest 20,000 events, up to 64 MiB. AWS keeps all events within the retention.",
];

interface MutableGroup extends LogGroup {
  storedBytes: number;
  readonly streams: Map<string, LogStream>;
  readonly events: StoredEvent[];
}

/**
 * Holds the log groups of the deployment with their streams and events. A group keeps the events within
 * its retention, at most the newest 20,000 and 64 MiB. Replays the journal on creation.
 */
export function createLogStore({
  clock,
  logGroups,
  journal,
}: {
  readonly clock: Clock;
  readonly logGroups: readonly DeployedLogGroup[];
  readonly journal: Journal<LogsEntry>;
}): LogStore {
  const { entries } = journal;
  const groups = openGroups(logGroups, entries, (name) => {
    const createdAt = clock.now();
    journal.append({ group: name, createdAt });
    return createdAt;
  });
  let arrivals = 0n;
  for (const entry of entries) apply(entry);

  function apply(entry: LogsEntry): void {
    const group = groups.get(entry.group);
    // Ignore log groups that are no longer deployed: their events are deleted with them.
    if (group === undefined || !("stream" in entry)) return;
    if ("events" in entry) {
      addEvents(group, entry, () => arrivals++);
      prune(group, entry.at);
    } else {
      addStream(group, entry.stream, entry.createdAt);
    }
  }

  const write = (entry: LogsEntry) => {
    journal.append(entry);
    apply(entry);
  };

  return {
    groups,
    createStream: (group, stream) => write({ group, stream, createdAt: clock.now() }),
    append: (group, stream, events) => write({ group, stream, at: clock.now(), events }),
  };
}

/** Returns the deployed groups, without streams. @param create journals a group and returns its creation time */
function openGroups(
  logGroups: readonly DeployedLogGroup[],
  entries: readonly LogsEntry[],
  create: (name: string) => number,
): Map<string, MutableGroup> {
  const createdAt = new Map<string, number>();
  for (const entry of entries) {
    if (!("stream" in entry)) createdAt.set(entry.group, entry.createdAt);
  }
  const sorted = [...logGroups].sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(
    sorted.map((deployed) => [
      deployed.name,
      {
        deployed,
        createdAt: createdAt.get(deployed.name) ?? create(deployed.name),
        storedBytes: 0,
        streams: new Map(),
        events: [],
      },
    ]),
  );
}

function addStream(group: MutableGroup, name: string, createdAt: number): LogStream {
  const stream = {
    name,
    createdAt,
    firstEventAt: undefined,
    lastEventAt: undefined,
    lastIngestionAt: undefined,
  };
  group.streams.set(name, stream);
  return stream;
}

function addEvents(group: MutableGroup, entry: EventsEntry, nextArrival: () => bigint): void {
  const { stream: logStreamName, at: ingestionTime, events } = entry;
  const stream = group.streams.get(logStreamName) ?? addStream(group, logStreamName, ingestionTime);
  let { firstEventAt, lastEventAt } = stream;
  for (const { timestamp, message } of events) {
    firstEventAt = Math.min(firstEventAt ?? timestamp, timestamp);
    lastEventAt = Math.max(lastEventAt ?? timestamp, timestamp);
    const eventId = `${padded(timestamp, 20)}${padded(nextArrival(), 36)}`;
    insert(group, { logStreamName, timestamp, message, ingestionTime, eventId });
  }
  group.streams.set(logStreamName, {
    ...stream,
    firstEventAt,
    lastEventAt,
    lastIngestionAt: ingestionTime,
  });
}

function insert(group: MutableGroup, event: StoredEvent): void {
  const { events } = group;
  // Events mostly arrive in order, so search from the end.
  let index = events.length;
  while (index > 0 && (events[index - 1]?.eventId ?? "") > event.eventId) index--;
  events.splice(index, 0, event);
  group.storedBytes += sizeOf(event);
}

/** Drops the oldest events until the group is within its retention and limits. */
function prune(group: MutableGroup, now: number): void {
  const { events, deployed } = group;
  const oldest =
    deployed.retentionInDays === undefined
      ? Number.NEGATIVE_INFINITY
      : now - deployed.retentionInDays * DAY;
  let dropped = 0;
  for (const event of events) {
    const isWithinLimits =
      events.length - dropped <= EVENTS_PER_GROUP && group.storedBytes <= BYTES_PER_GROUP;
    if (event.timestamp >= oldest && isWithinLimits) break;
    group.storedBytes -= sizeOf(event);
    dropped++;
  }
  if (dropped > 0) events.splice(0, dropped);
}

/** Returns the bytes that PutLogEvents counts for an event. */
export const sizeOf = ({ message }: LogEvent) => Buffer.byteLength(message) + EVENT_OVERHEAD;

const padded = (value: number | bigint, length: number) => String(value).padStart(length, "0");
