import { randomUUID } from "node:crypto";
import type { DeployedTrail } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import type { AuditedCall, Operations } from "../shared/operation.ts";
import { lookupEvents } from "./lookup-events.ts";
import { recordOf, type TrailEvent } from "./record.ts";

export type { TrailEvent } from "./record.ts";

/** What CloudTrail remembers. `due` is lab time, milliseconds since the epoch. */
export type TrailEntry =
  | { readonly event: TrailEvent; readonly due: number }
  | { readonly delivered: string };

/** One event on its way to CloudWatch Logs. */
export interface TrailDelivery {
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly message: string;
  /** Lab time of the delivery, milliseconds since the epoch. */
  readonly timestamp: number;
}

export interface CloudTrail {
  /** Takes a call; the journal has its record when this returns. */
  readonly record: (call: AuditedCall) => void;
  readonly operations: Operations;
  /** The newest `count` events, newest first, those on their way included. */
  readonly recent: (count: number) => readonly {
    readonly event: TrailEvent;
    readonly delivered: boolean;
  }[];
  /** Stops delivering. What is on its way stays in the journal for the next start. */
  readonly close: () => void;
}

/** The log stream that CloudTrail writes to. */
export const trailLogStream = (accountId: string, region: string) =>
  `${accountId}_CloudTrail_${region}`;

export const EVENTS_KEPT = 10_000;

/**
 * CloudWatch Logs takes no larger event, and CloudTrail sends it none.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html
 */
const MAX_MESSAGE_BYTES = 256 * 1024;

/**
 * A trail of management events that delivers to a log group. Events arrive `delaySeconds` of lab time
 * after their call, in order, and only then does LookupEvents show them. What is on its way when the
 * process dies is delivered after the restart; an event whose delivery the kill interrupted comes
 * again rather than never.
 */
export function createCloudTrail({
  clock,
  trail,
  delaySeconds,
  journal,
  accountId,
  deliver,
}: {
  readonly clock: Clock;
  readonly trail: DeployedTrail;
  readonly delaySeconds: number;
  readonly journal: Journal<TrailEntry>;
  readonly accountId: string;
  readonly deliver: (delivery: TrailDelivery) => void;
}): CloudTrail {
  const logStreamName = trailLogStream(accountId, trail.homeRegion);
  const delivered: TrailEvent[] = [];
  const pending: { readonly event: TrailEvent; readonly due: number }[] = [];
  for (const entry of journal.entries) {
    if ("event" in entry) pending.push(entry);
    // Deliveries are in order: this one is of the first that was on its way, unless the journal was
    // cut between the two.
    else if (pending[0]?.event.eventID === entry.delivered) arrive();
  }

  let cancel: (() => void) | undefined;
  let closed = false;
  schedule();

  function schedule(): void {
    const [next] = pending;
    if (closed || cancel !== undefined || next === undefined) return;
    cancel = clock.after(next.due - clock.now(), () => {
      cancel = undefined;
      try {
        deliverDue();
      } finally {
        schedule();
      }
    });
  }

  function deliverDue(): void {
    for (;;) {
      const [next] = pending;
      const timestamp = clock.now();
      if (next === undefined || next.due > timestamp) return;
      const message = JSON.stringify(next.event);
      try {
        if (Buffer.byteLength(message) <= MAX_MESSAGE_BYTES) {
          deliver({ logGroupName: trail.logGroupName, logStreamName, message, timestamp });
        }
      } finally {
        // One that cannot be delivered must not keep all others back, now and after each restart.
        journal.append({ delivered: next.event.eventID });
        arrive();
      }
    }
  }

  function arrive(): void {
    const next = pending.shift();
    if (next !== undefined) delivered.push(next.event);
    if (delivered.length > EVENTS_KEPT) delivered.shift();
  }

  return {
    record: (call) => {
      const time = clock.now();
      const event = recordOf(call, { time, eventId: randomUUID(), accountId });
      if (event === undefined) return;
      const entry = { event, due: time + delaySeconds * 1000 };
      journal.append(entry);
      pending.push(entry);
      schedule();
    },
    operations: {
      LookupEvents: (input) => lookupEvents(input, { delivered, now: clock.now() }),
    },
    recent: (count) =>
      [
        ...delivered.slice(-count).map((event) => ({ event, delivered: true })),
        ...pending.map(({ event }) => ({ event, delivered: false })),
      ]
        .slice(-count)
        .reverse(),
    close: () => {
      closed = true;
      cancel?.();
    },
  };
}
