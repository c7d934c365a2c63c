import { z } from "zod";
import { type CallLogs, LogsError } from "./logs-api.ts";

/** An entry of the ledger. */
export interface Erasure {
  /** UUID of the record. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/**
 * The ids of forgotten records, outside the database and its backups: a log group whose events cannot be changed
 * or deleted one by one. Every operation throws LogsError when CloudWatch Logs fails.
 */
export interface ErasureLedger {
  /**
   * Resolves once CloudWatch Logs has stored the entry. An entry may be stored twice.
   * @param earliest the earliest time of the entry, in milliseconds since the epoch: a clock may have gone back
   */
  readonly append: (id: string, earliest: number, signal: AbortSignal) => Promise<void>;
  /** Yields pages of the entries since a time, in the order of their times. */
  readonly read: (since: number, signal: AbortSignal) => AsyncIterable<readonly Erasure[]>;
}

export interface LedgerProps {
  readonly call: CallLogs;
  readonly logGroupName: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The largest difference of an entry's time from the clock. CloudWatch Logs rejects entries two hours ahead. */
const MAX_AHEAD = 3_600_000;

/** The ledger's only stream. */
const STREAM = "erasures";

/** A record's id is 16 random bytes, without the version of a UUID. */
const Entry = z.object({ record: z.guid() });

const Page = z.object({
  events: z.array(z.object({ timestamp: z.number(), message: z.string() })).default([]),
  nextToken: z.string().optional(),
});

const Stored = z.object({ rejectedLogEventsInfo: z.object({}).optional() });

export function createErasureLedger({ call, logGroupName, now }: LedgerProps): ErasureLedger {
  const stream = { logGroupName, logStreamName: STREAM };

  /** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
  async function put(id: string, earliest: number, signal: AbortSignal): Promise<void> {
    const timestamp = Math.floor(Math.max(now(), Math.min(earliest, now() + MAX_AHEAD)));
    const logEvents = [{ timestamp, message: JSON.stringify({ record: id }) }];
    const stored = Stored.parse(await call("PutLogEvents", { ...stream, logEvents }, signal));
    // An event too far from the time of CloudWatch Logs is rejected by a response of success.
    if (stored.rejectedLogEventsInfo !== undefined) throw new LogsError("RejectedLogEvents");
  }

  /** Another task may create it at the same time. */
  async function createStream(signal: AbortSignal): Promise<void> {
    try {
      await call("CreateLogStream", stream, signal);
    } catch (error) {
      if (!isError(error, "ResourceAlreadyExistsException")) throw error;
    }
  }

  return {
    async append(id, earliest, signal) {
      try {
        await put(id, earliest, signal);
      } catch (error) {
        if (!isError(error, "ResourceNotFoundException")) throw error;
        await createStream(signal);
        await put(id, earliest, signal);
      }
    },

    /** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
    async *read(since, signal) {
      let nextToken: string | undefined;
      do {
        const input = { logGroupName, startTime: Math.max(0, Math.floor(since)), nextToken };
        const page = Page.parse(await call("FilterLogEvents", input, signal));
        yield page.events.flatMap(({ timestamp, message }) => {
          const entry = Entry.safeParse(parseJson(message));
          return entry.success ? [{ id: entry.data.record, time: timestamp }] : [];
        });
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
    },
  };
}

function isError(error: unknown, reason: string): boolean {
  return error instanceof LogsError && error.reason === reason;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
