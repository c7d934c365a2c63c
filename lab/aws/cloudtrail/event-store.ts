import type { Journal } from "../../state/journal.ts";
import type { TrailEvent } from "./record.ts";

/** A journal entry: an event and when to deliver it (lab time, in epoch milliseconds), or a delivery. */
export type TrailEntry = PendingEvent | { readonly delivered: string };

export interface PendingEvent {
  readonly event: TrailEvent;
  readonly due: number;
}

export interface EventStore {
  /** Delivered events, oldest first. */
  readonly delivered: readonly TrailEvent[];
  /** Events not delivered yet, in the order of delivery. */
  readonly pending: readonly PendingEvent[];
  /** Returns whether the store holds an event. */
  readonly has: (eventId: string) => boolean;
  /** Journals a new event. */
  readonly add: (entry: PendingEvent) => void;
  /** Journals that the first pending event was delivered. */
  readonly markDelivered: () => void;
}

export const EVENTS_KEPT = 10_000;

/** Holds the newest 10,000 delivered events and all pending ones. Replays the journal on creation. */
export function createEventStore(journal: Journal<TrailEntry>): EventStore {
  const delivered: TrailEvent[] = [];
  const pending: PendingEvent[] = [];
  const ids = new Set<string>();

  function deliverFirst(): void {
    const first = pending.shift();
    if (first !== undefined) delivered.push(first.event);
    if (delivered.length > EVENTS_KEPT) ids.delete(delivered.shift()?.eventID ?? "");
  }

  function addPending(entry: PendingEvent): void {
    pending.push(entry);
    ids.add(entry.event.eventID);
  }

  for (const entry of journal.entries) {
    if ("event" in entry) addPending(entry);
    // Events are delivered in order, so this is the first pending one. The exception is a delivery
    // whose event was dropped when the journal was truncated.
    else if (pending[0]?.event.eventID === entry.delivered) deliverFirst();
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
      journal.append({ delivered: first.event.eventID });
      deliverFirst();
    },
  };
}
