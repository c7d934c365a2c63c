import { randomUUID } from "node:crypto";
import type { DeployedTrail } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import type { Logs } from "../logs/logs.ts";
import type { AuditedCall, Operations } from "../shared/operation.ts";
import type { Deliveries } from "./deliveries.ts";
import { describeTrailOperations } from "./describe-trails.ts";
import { createEventStore, type PendingEvent, type TrailEntry } from "./event-store.ts";
import { createLogging } from "./logging.ts";
import { lookupEvents } from "./lookup-events.ts";
import { recordOf, serviceEventOf, type TrailEvent } from "./record.ts";

export interface CloudTrailOptions {
  readonly clock: Clock;
  readonly trail: DeployedTrail;
  readonly deliveries: Deliveries;
  readonly journal: Journal<TrailEntry>;
  readonly accountId: string;
  /** Writes events to CloudWatch Logs. */
  readonly deliver: Logs["ingest"];
}

export interface CloudTrail {
  /** Journals the event of a call and schedules its delivery. */
  readonly record: (call: AuditedCall) => void;
  readonly operations: Operations;
  /** Returns `count` events: first those not delivered yet, then those delivered last. */
  readonly recent: (count: number) => readonly {
    readonly event: TrailEvent;
    readonly delivered: boolean;
  }[];
  /** Returns the events that are not delivered yet, in the order of delivery. */
  readonly pending: () => readonly PendingEvent[];
  /** Returns whether CloudTrail recorded an event and still holds it. */
  readonly isRecorded: (eventId: string) => boolean;
  /** Stops delivering. Pending events are delivered after the next start. */
  readonly close: () => void;
}

export const notModelled: readonly string[] = [
  "CloudTrail delivers 9 of 10 events within 1.4 times the average delay, all within 3 times, one of 20 twice, and stamps log events with any time between the call and the delivery. AWS documents an average of about 5 minutes, without a guarantee, at-least-once delivery, and no timestamp.",
  "CloudTrail has no data events and delivers no log files to a bucket. A stopped trail delivers nothing until StartLogging or a restart of the lab; other changes of a trail are recorded only.",
];

/** Returns the name of the log stream that CloudTrail writes to. */
export const trailLogStream = (accountId: string, region: string) =>
  `${accountId}_CloudTrail_${region}`;

/**
 * CloudTrail does not send larger events to CloudWatch Logs.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html
 */
const MAX_MESSAGE_BYTES = 256 * 1024;

/**
 * Emulates a trail of management events that delivers to a log group. LookupEvents returns an event
 * once it is delivered. Delivery is at least once: a restart delivers what is pending, and repeats a delivery
 * that the end of the process interrupted.
 */
export function createCloudTrail(options: CloudTrailOptions): CloudTrail {
  const { clock, accountId, journal } = options;
  const events = createEventStore(journal);
  const logging = createLogging(options);
  let cancelTimer: (() => void) | undefined;
  let closed = false;
  scheduleNext();

  function scheduleNext(): void {
    const [next] = events.pending;
    cancelTimer?.();
    cancelTimer = undefined;
    if (closed || next === undefined) return;
    cancelTimer = clock.after(next.due - clock.now(), () => {
      cancelTimer = undefined;
      try {
        deliverDue();
      } finally {
        scheduleNext();
      }
    });
  }

  function deliverDue(): void {
    for (;;) {
      const [next] = events.pending;
      if (next === undefined || next.due > clock.now()) return;
      try {
        if (next.unlogged === undefined) {
          deliverEvent(next, options);
          logging.markDelivered();
        }
      } finally {
        // Do this even if the delivery failed: one event must not block the others, now or after a restart.
        events.markDelivered();
      }
    }
  }

  const undelivered = () => events.pending.filter(({ repeated }) => !repeated);

  return {
    record: (call) => {
      const time = clock.now();
      for (const recorder of [recordOf, serviceEventOf]) {
        const event = recorder(call, { time, eventId: randomUUID(), accountId });
        if (event === undefined) continue;
        const isLogged = logging.delivers(event.eventName);
        for (const entry of pendingDeliveries(event, options.deliveries(time), isLogged)) {
          events.add(entry);
        }
      }
      scheduleNext();
    },
    operations: {
      ...logging.operations,
      ...describeTrailOperations(options),
      LookupEvents: (input) =>
        lookupEvents(input, { delivered: events.delivered, now: clock.now() }),
    },
    recent: (count) =>
      [
        ...events.delivered.slice(-count).map((event) => ({ event, delivered: true })),
        ...undelivered().map(({ event }) => ({ event, delivered: false })),
      ]
        .slice(-count)
        .reverse(),
    pending: undelivered,
    isRecorded: events.has,
    close: () => {
      closed = true;
      cancelTimer?.();
    },
  };
}

function pendingDeliveries(
  event: TrailEvent,
  deliveries: ReturnType<Deliveries>,
  isLogged: boolean,
): readonly PendingEvent[] {
  return deliveries.map((delivery, index) => ({
    event,
    ...delivery,
    ...(index > 0 && { repeated: true }),
    ...(!isLogged && { unlogged: true }),
  }));
}

function deliverEvent(
  { event, age = 0 }: PendingEvent,
  { clock, trail, accountId, deliver }: CloudTrailOptions,
): void {
  const message = JSON.stringify(event);
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) return;
  const logStreamName = trailLogStream(accountId, trail.homeRegion);
  deliver(trail.logGroupName, logStreamName, [{ message, timestamp: clock.now() - age }]);
}
