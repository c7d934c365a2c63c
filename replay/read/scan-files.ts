import { type Findings, MISSING_EVENT_TIME, type Scan } from "../evaluate/scan.ts";
import { openParts, type Part } from "./chunks.ts";
import { describeForeign } from "./foreign.ts";
import { createCsvReader, isEventCsv } from "./records/csv.ts";
import { createRecordReader, type RecordReader } from "./records/reader.ts";
import { NOT_AN_OBJECT, type RecordHandler } from "./records/source.ts";
import { readWhole } from "./records/whole.ts";

/** A file or a record that cannot be read. */
export interface FileError {
  readonly file: string;
  /** `record 3` or `line 7`; absent if the error is about the whole file. */
  readonly place?: string;
  readonly why: string;
}

/** The result of scanning some files. */
export interface Batch extends Findings {
  readonly files: number;
  /** Number of records that cannot be evaluated. */
  readonly malformed: number;
  /** Number of files that could not be read to the end, or contain no CloudTrail records. */
  readonly unreadable: number;
  /** The first `MAX_ERRORS` errors, in order of files and places. */
  readonly errors: readonly FileError[];
  /** Number of digests, and of other files, in zip archives that were skipped because of their names. */
  readonly digests: number;
  readonly others: number;
}

/** Bounds the memory that errors of a corrupt archive take. */
export const MAX_ERRORS = 1000;

/** What was not read, by file. */
interface Unread {
  readonly malformed: number;
  readonly unreadable: number;
  readonly errors: readonly FileError[];
}

export async function scanFiles(paths: readonly string[], scan: Scan): Promise<Batch> {
  const skipped = { digests: 0, others: 0 };
  const errors: FileError[] = [];
  let malformed = 0;
  let unreadable = 0;
  let files = 0;
  const add = (unread: Unread) => {
    malformed += unread.malformed;
    unreadable += unread.unreadable;
    errors.push(...unread.errors.slice(0, MAX_ERRORS - errors.length));
  };
  for (const path of paths) {
    try {
      const parts = openParts(path, (kind) => {
        skipped[kind === "digest" ? "digests" : "others"]++;
      });
      files += parts.length;
      for (const part of parts) add(await scanPart(part, scan));
    } catch (error) {
      files++;
      add(wholeFile(path, messageOf(error)));
    }
  }
  return { ...scan.findings(), files, malformed, unreadable, errors, ...skipped };
}

/**
 * Scans the records of a file. Errors about its records are left out if the whole file cannot be read: what
 * looks like a malformed record may be damage that only the checksum at the end reveals.
 */
async function scanPart({ name, chunks, whole }: Part, scan: Scan): Promise<Unread> {
  const errors: FileError[] = [];
  let malformed = 0;
  let read = 0;
  let isForeign = true;
  let head = "";
  let first: object | undefined;
  const onError = (place: string, why: string) => {
    malformed++;
    if (why !== MISSING_EVENT_TIME && why !== NOT_AN_OBJECT) isForeign = false;
    if (errors.length < MAX_ERRORS) errors.push({ file: name, place, why });
  };
  const onResult = (place: () => string, why: string | undefined) => {
    if (why === undefined) read++;
    else onError(place(), why);
  };
  const handler: RecordHandler = {
    onRecord: (record, text, place) => {
      const why = scan.add(record, text);
      if (why === MISSING_EVENT_TIME) first ??= record;
      onResult(place, why);
    },
    onError,
  };
  const contents = whole?.();
  const text = contents?.toString("utf8");
  const records = text && readWhole(text, scan.skim(text));
  let reader: RecordReader | undefined;
  try {
    for (const [index, record] of (records || []).entries()) {
      const place = () => `record ${index + 1}`;
      if (typeof record === "string") onResult(place, scan.addSkimmed(record));
      else handler.onRecord(record.record, record.text, place);
    }
    for await (const chunk of records ? [] : contents ? [contents] : chunks()) {
      if (reader === undefined) {
        head = chunk.toString("utf8", 0, HEAD_BYTES);
        reader = isEventCsv(head) ? createCsvReader(handler) : createRecordReader(handler);
      }
      reader.write(chunk);
    }
    reader?.end();
  } catch (error) {
    return wholeFile(name, messageOf(error) + (read === 0 ? "" : "; the events before that count"));
  }
  if (read === 0 && malformed > 0 && isForeign)
    return wholeFile(name, describeForeign(first, head));
  return { malformed, unreadable: 0, errors };
}

/** Enough to recognize a format by. */
const HEAD_BYTES = 1024;

function wholeFile(file: string, why: string): Unread {
  return { malformed: 0, unreadable: 1, errors: [{ file, why }] };
}

/** Replaces zlib's messages, which name neither the cause nor what to do. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === "Z_BUF_ERROR") return "truncated compressed data; copy the file again";
  if (code?.startsWith("Z_")) {
    return `corrupt compressed data (${error.message}); copy the file again`;
  }
  return error.message;
}
