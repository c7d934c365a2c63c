import { readList, resync, skipEnvelopeTail } from "./list.ts";
import { append, createSource, type RecordHandler, type Source, type State } from "./source.ts";
import { readTopLevel } from "./top-level.ts";

export interface RecordReader {
  readonly write: (chunk: Buffer) => void;
  /** Ends the file: emits or reports what is left. */
  readonly end: () => void;
}

/** Reads one token in a state. Returns the next state, or undefined if it needs more of the file. */
const STEPS: Readonly<Record<State, (source: Source) => State | undefined>> = {
  topLevel: readTopLevel,
  list: readList,
  resync,
  envelopeTail: skipEnvelopeTail,
};

/**
 * Reads CloudTrail records from a file that arrives in chunks, holding one record in memory at a time.
 * Accepts envelopes `{"Records":[…]}` with any other members, arrays of records, one record per line,
 * consecutive records with any whitespace, the export of a CloudWatch Logs group, with a timestamp before
 * each record, and the output of `lookup-events`, `get-query-results` and `filter-log-events`.
 *
 * Reports values that are not JSON objects, and continues at the next record that begins with
 * `{"eventVersion"`, or outside of lists at the next line.
 */
export function createRecordReader(handler: RecordHandler): RecordReader {
  const source = createSource(handler);
  const readBuffer = () => {
    for (;;) {
      const next = STEPS[source.state](source);
      if (next === undefined) return;
      source.state = next;
    }
  };
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const appendPending = () => {
    const [first, ...others] = pending;
    if (first !== undefined) append(source, others.length === 0 ? first : Buffer.concat(pending));
    pending = [];
    pendingBytes = 0;
  };
  return {
    write: (chunk) => {
      pending.push(chunk);
      pendingBytes += chunk.length;
      // A record that is not complete is read again from its beginning. Doing so only once the unread bytes
      // have doubled keeps the time linear, however small the chunks are.
      if (pendingBytes < source.buffer.length - source.position) return;
      appendPending();
      readBuffer();
    },
    end: () => {
      appendPending();
      source.isEnded = true;
      readBuffer();
    },
  };
}
