import type { LogEvent } from "../../../cloudwatch/metric-filter.ts";
import type { DeployedLogGroup } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";

export interface StoredEvent extends LogEvent {
  readonly logStreamName: string;
  readonly ingestionTime: number;
  /** Sorts as the events do: by time, then by arrival. */
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
  /** In order of time. */
  readonly events: readonly StoredEvent[];
}

export type LogsEntry =
  | { readonly group: string; readonly createdAt: number }
  | { readonly group: string; readonly stream: string; readonly createdAt: number }
  | {
      readonly group: string;
      readonly stream: string;
      readonly at: number;
      readonly events: readonly LogEvent[];
    };

/** What each event costs beside its UTF-8 bytes, as PutLogEvents counts. */
export const EVENT_OVERHEAD = 26;

const DAY = 24 * 60 * 60 * 1000;
const EVENTS_PER_GROUP = 20_000;
const BYTES_PER_GROUP = 64 * 1024 * 1024;

interface MutableGroup {
  readonly deployed: DeployedLogGroup;
  readonly createdAt: number;
  storedBytes: number;
  readonly streams: Map<string, LogStream>;
  readonly events: StoredEvent[];
}

export interface LogStore {
  /** By name. */
  readonly groups: ReadonlyMap<string, LogGroup>;
  readonly createStream: (group: string, stream: string) => void;
  /** Keeps events of a stream that exists. They are in the journal before this returns. */
  readonly append: (group: string, stream: string, events: readonly LogEvent[]) => void;
}

/**
 * The log groups of the deployment with their streams and events. A group keeps what its retention
 * allows, and of that the newest 20,000 events and 64 MiB.
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
  const created = new Map<string, number>();
  for (const entry of entries) {
    if (!("stream" in entry)) created.set(entry.group, entry.createdAt);
  }
  const groups = new Map<string, MutableGroup>();
  for (const deployed of [...logGroups].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    let createdAt = created.get(deployed.name);
    if (createdAt === undefined) {
      createdAt = clock.now();
      journal.append({ group: deployed.name, createdAt });
    }
    groups.set(deployed.name, {
      deployed,
      createdAt,
      storedBytes: 0,
      streams: new Map(),
      events: [],
    });
  }
  let arrivals = 0n;
  for (const entry of entries) apply(entry);

  function apply(entry: LogsEntry): void {
    const group = groups.get(entry.group);
    // A group that the stacks no longer have is gone, and its events with it.
    if (group === undefined || !("stream" in entry)) return;
    if (!("events" in entry)) {
      addStream(group, entry.stream, entry.createdAt);
      return;
    }
    const { stream: logStreamName, at: ingestionTime } = entry;
    const stream =
      group.streams.get(logStreamName) ?? addStream(group, logStreamName, ingestionTime);
    let { firstEventAt, lastEventAt } = stream;
    for (const { timestamp, message } of entry.events) {
      firstEventAt = Math.min(firstEventAt ?? timestamp, timestamp);
      lastEventAt = Math.max(lastEventAt ?? timestamp, timestamp);
      const eventId = `${digits(timestamp, 20)}${digits(arrivals++, 36)}`;
      insert(group, { logStreamName, timestamp, message, ingestionTime, eventId });
    }
    group.streams.set(logStreamName, {
      ...stream,
      firstEventAt,
      lastEventAt,
      lastIngestionAt: ingestionTime,
    });
    prune(group, ingestionTime);
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

function insert(group: MutableGroup, event: StoredEvent): void {
  const { events } = group;
  let index = events.length;
  while (index > 0 && (events[index - 1]?.eventId ?? "") > event.eventId) index--;
  events.splice(index, 0, event);
  group.storedBytes += size(event);
}

function prune(group: MutableGroup, now: number): void {
  const { events, deployed } = group;
  const oldest =
    deployed.retentionInDays === undefined
      ? Number.NEGATIVE_INFINITY
      : now - deployed.retentionInDays * DAY;
  let dropped = 0;
  for (const event of events) {
    const kept = events.length - dropped;
    if (
      event.timestamp >= oldest &&
      kept <= EVENTS_PER_GROUP &&
      group.storedBytes <= BYTES_PER_GROUP
    ) {
      break;
    }
    group.storedBytes -= size(event);
    dropped++;
  }
  if (dropped > 0) events.splice(0, dropped);
}

export const size = ({ message }: LogEvent) => Buffer.byteLength(message) + EVENT_OVERHEAD;

const digits = (value: number | bigint, length: number) => String(value).padStart(length, "0");
