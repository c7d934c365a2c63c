import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { LogEvent } from "../../../cloudwatch/metric-filter.ts";
import type { AwsStructure } from "../shared/operation.ts";
import { size } from "./store.ts";

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

/** PutLogEvents takes nothing older, nothing further ahead, and no batch that spans more. */
const TOO_OLD = 14 * DAY;
const TOO_NEW = 2 * HOUR;
const BATCH_SPAN = DAY;
const BATCH_BYTES = 1_048_576;
export const BATCH_EVENTS = 10_000;

/** @throws AwsError as PutLogEvents refuses a whole batch */
export function checkBatch(events: readonly LogEvent[]): void {
  let bytes = 0;
  let previous = events[0]?.timestamp ?? 0;
  for (const event of events) {
    if (event.timestamp < previous) {
      throw invalid("Log events in a single PutLogEvents request must be in chronological order.");
    }
    previous = event.timestamp;
    bytes += size(event);
  }
  if (bytes > BATCH_BYTES) {
    throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${BATCH_BYTES}`);
  }
  if (previous - (events[0]?.timestamp ?? 0) > BATCH_SPAN) {
    throw invalid(
      "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    );
  }
}

/** Parts what AWS takes of a batch from what it rejects: too old, past the retention, too far ahead. */
export function sortOut(
  events: readonly LogEvent[],
  now: number,
  retentionInDays: number | undefined,
): { readonly accepted: readonly LogEvent[]; readonly rejectedLogEventsInfo?: AwsStructure } {
  const tooOld = before(events, now - TOO_OLD);
  const expired = retentionInDays === undefined ? 0 : before(events, now - retentionInDays * DAY);
  const ahead = events.findIndex(({ timestamp }) => timestamp > now + TOO_NEW);
  const tooNew = ahead < 0 ? undefined : ahead;
  const accepted = events.slice(Math.max(tooOld, expired), tooNew);
  if (accepted.length === events.length) return { accepted };
  return {
    accepted,
    rejectedLogEventsInfo: {
      tooOldLogEventEndIndex: tooOld || undefined,
      expiredLogEventEndIndex: expired > tooOld ? expired : undefined,
      tooNewLogEventStartIndex: tooNew,
    },
  };
}

function before(events: readonly LogEvent[], time: number): number {
  const first = events.findIndex(({ timestamp }) => timestamp >= time);
  return first < 0 ? events.length : first;
}

const invalid = (message: string) => new AwsError("InvalidParameterException", message);
