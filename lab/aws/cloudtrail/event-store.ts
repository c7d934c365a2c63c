import type { Journal } from "../../state/journal.ts";
import type { TrailEvent } from "./record.ts";

/** A journal entry: a pending delivery of an event, or the ID of an event that was delivered. */
export type TrailEntry =
  | PendingEvent
  | {
      readonly delivered: string;
      /** Whether this was the second delivery of an event. */
      readonly repeated?: true;
    };

/** A delivery to make. Times are lab time, in epoch milliseconds. */
export interface PendingEvent {
  readonly event: TrailEvent;
  readonly due: number;
  /** Milliseconds from the timestamp of the log event until its delivery. Default: 0. */
  readonly age?: number;
  /** Whether this is the second delivery of the event. */
  readonly repeated?: true;
  /** Whether the trail was stopped, so that only the event history gets the event. */
  readonly unlogged?: true;
}

export interface EventStore {
  /** Delivered events without repetitions, in the order of delivery. */
  readonly delivered: readonly TrailEvent[];
  /** Deliveries to make, in order. */
  readonly pending: readonly PendingEvent[];
  /** Returns whether the store holds an event. */
  readonly has: (eventId: string) => boolean;
  /** Journals a delivery to make. */
  readonly add: (entry: PendingEvent) => void;
  /** Journals that the first pending delivery was made. */
  readonly markDelivered: () => void;
}

export const EVENTS_KEPT = 10_000;

/** Holds the newest 10,000 delivered events and all pending ones. Replays the journal on creation. */
export function createEventStore(journal: Journal<TrailEntry>): EventStore {
  const delivered: TrailEvent[] = [];
  const pending: PendingEvent[] = [];
  const ids = new Set<string>();

  function deliver(index: number): void {
    const [entry] = pending.splice(index, 1);
    if (entry === undefined || entry.repeated) return;
    delivered.push(entry.event);
    if (delivered.length > EVENTS_KEPT) ids.delete(delivered.shift()?.eventID ?? "");
  }

  function addPending(entry: PendingEvent): void {
    // Insert after deliveries that are due at the same time, so that equal delays keep the order of the calls.
    let index = pending.length;
    while (index > 0 && (pending[index - 1]?.due ?? 0) > entry.due) index--;
    pending.splice(index, 0, entry);
    if (!entry.repeated) ids.add(entry.event.eventID);
  }

  for (const entry of journal.entries) {
    if ("event" in entry) addPending(entry);
    else {
      // There is none if the event was dropped when the journal was truncated.
      const index = pending.findIndex(
        ({ event, repeated }) => event.eventID === entry.delivered && repeated === entry.repeated,
      );
      if (index >= 0) deliver(index);
    }
  }

  return {
    delivered,
    pending,
    has: (eventId) => ids.has(eventId),
    add: (entry) => {
      journal.append(entry);
      addPending(entry);
    },
    markDelivered: () => {
      const [first] = pending;
      if (first === undefined) return;
      const { event, repeated } = first;
      journal.append({ delivered: event.eventID, ...(repeated && { repeated }) });
      deliver(0);
    },
  };
}
